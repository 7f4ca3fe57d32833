require("fastify")().listen({ port: 8080 });

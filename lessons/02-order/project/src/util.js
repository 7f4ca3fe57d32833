exports.greet = (name) => `Welcome to the ${name}`;

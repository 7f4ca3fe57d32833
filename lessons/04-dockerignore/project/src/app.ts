console.log("blog");

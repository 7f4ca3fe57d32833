console.log("warm");

require("@company/ui");

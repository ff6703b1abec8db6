rule = {
    id: "content-security-policy",
    number: 905301,
    name: "No Content-Security-Policy",
    cwe: 693,
    risk: 2,
    confidence: 3,
    description: "The page sets no policy for scripts, so an injected one runs.",
    solution: "Send a Content-Security-Policy that names the sources scripts may come from.",

    look: function (reply) {
        var missing = reply.html && reply.headers("Content-Security-Policy").length === 0;
        return missing ? [{ param: "Content-Security-Policy", evidence: "" }] : [];
    }
};

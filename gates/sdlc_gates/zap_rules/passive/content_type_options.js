rule = {
    id: "content-type-options",
    number: 905302,
    name: "No X-Content-Type-Options: nosniff",
    cwe: 693,
    risk: 1,
    confidence: 3,
    description: "A browser may take the reply for another type than the one declared.",
    solution: "Send X-Content-Type-Options: nosniff with every reply.",

    look: function (reply) {
        var set = reply.headers("X-Content-Type-Options").some(function (value) {
            return value.trim().toLowerCase() === "nosniff";
        });
        return reply.status === 200 && !set ? [{ param: "X-Content-Type-Options", evidence: "" }] : [];
    }
};

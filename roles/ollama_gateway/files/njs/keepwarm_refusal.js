// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * A request that goes no further: its HTTP status, one sentence for the client, and one word for the log.
 */
function Refusal(status, message, reason) {
    this.status = status;
    this.message = message;
    this.reason = reason;
}

function malformed(message) {
    return new Refusal(400, message, 'malformed');
}

export default { Refusal, malformed };

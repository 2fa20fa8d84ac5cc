// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Errors in the shape that a client of the route expects: Ollama's own, OpenAI's below /v1, Anthropic's of /v1/messages.
 */

const TYPES = { 400: 'invalid_request_error', 401: 'authentication_error', 403: 'permission_error', 413: 'request_too_large', 429: 'rate_limit_error' };
const SENTENCES = {
    400: 'the request is not valid HTTP, or not by TLS where this gateway has it',
    401: 'unauthorized: give a token of this gateway as "Authorization: Bearer TOKEN"',
    403: 'this address, this page or this token may not do that here',
    405: 'this gateway does not take that method',
    408: 'the request did not arrive in time',
    413: 'the request body is larger than this gateway takes',
    414: 'the path of the request is too long',
    429: 'too many requests with this token, too fast or at once',
    501: 'this gateway does not take that transfer encoding, or that method',
    502: 'the Ollama server behind this gateway does not answer',
    504: 'the Ollama server behind this gateway did not answer in time',
    505: 'this gateway takes HTTP/1.0 and HTTP/1.1',
};

function body(path, status, message) {
    const type = TYPES[status] || 'api_error';
    if (path === '/v1/messages') {
        return JSON.stringify({ type: 'error', error: { type: type, message: message } });
    }
    if (path.slice(0, 4) === '/v1/') {
        return JSON.stringify({ error: { message: message, type: type, param: null, code: null } });
    }
    return JSON.stringify({ error: message });
}

/** What nginx itself has to say with that status. */
function sentence(status) {
    return SENTENCES[status] || 'this gateway cannot answer';
}

export default { body, sentence };

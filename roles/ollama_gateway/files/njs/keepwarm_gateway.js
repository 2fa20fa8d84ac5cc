// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * What nginx calls: whose token it is, what becomes of a request, and the errors.
 */
import crypto from 'crypto';
import answers from 'keepwarm_answers.js';
import judge from 'keepwarm_judge.js';
import refusal from 'keepwarm_refusal.js';
import routes from 'keepwarm_routes.js';
import settings from 'keepwarm_settings.js';

/** The SHA-256 of the token that the request carries, which nginx looks up; nothing of a token is kept. */
function tokenHash(r) {
    const bearer = /^Bearer +([!-~]+)/i.exec(r.headersIn['Authorization'] || '');
    const token = bearer ? bearer[1] : r.headersIn['X-API-Key'];
    return token ? crypto.createHash('sha256').update(token).digest('base64url') : '';
}

/** The content handler of all routes. nginx has read the body, and found a client for the token. */
function answer(r) {
    try {
        pass(r);
    } catch (error) {
        if (!(error instanceof refusal.Refusal)) {
            throw error;
        }
        r.variables.keepwarm_reason = error.reason;
        send(r, error.status, error.message);
    }
}

function pass(r) {
    const client = settings.clients[r.variables.keepwarm_client];
    const route = routes.find(r.method + ' ' + r.uri, settings.routes);
    refuseEncoded(r);
    if (route.kind === 'none' || (route.kind === 'admin' && !client.admin)) {
        throw new refusal.Refusal(403, 'this token may not ' + r.method + ' ' + r.uri, 'route');
    }
    if (route.kind === 'model') {
        passJudged(r, route, client);
    } else {
        r.internalRedirect(r.method === 'GET' || r.method === 'HEAD' ? '@keepwarm_bare' : '@keepwarm_as_it_is');
    }
}

function passJudged(r, route, client) {
    const verdict = judge.judge(bodyOf(r), route.content, client, settings);
    r.variables.keepwarm_model = verdict.model;
    r.variables.keepwarm_reason = verdict.reasons.join(',');
    if (verdict.body === null) {
        r.internalRedirect('@keepwarm_as_it_is');
    } else {
        r.variables.keepwarm_body = verdict.body;
        r.internalRedirect('@keepwarm_edited');
    }
}

/** A body that did not fit into the buffer is in a file, and would be passed on unread. Of none, njs gives a buffer that cannot be read. */
function bodyOf(r) {
    try {
        const body = r.requestBuffer;
        return body && body.length ? body : Buffer.alloc(0);
    } catch (error) {
        throw new refusal.Refusal(413, answers.sentence(413), 'too_large');
    }
}

function refuseEncoded(r) {
    const coding = r.headersIn['Content-Encoding'];
    if (coding && coding.toLowerCase() !== 'identity') {
        throw new refusal.Refusal(415, 'this gateway takes no encoded request body', 'encoded');
    }
}

/** What nginx says itself, such as that the server does not answer. It has taken the path away where it could not read the request. */
function errorText(r) {
    const status = Number(r.variables.status);
    r.variables.keepwarm_reason = 'status_' + status;
    return textOf(r.variables.keepwarm_path || '', status, answers.sentence(status));
}

function send(r, status, message) {
    r.headersOut['Content-Type'] = 'application/json; charset=utf-8';
    r.return(status, textOf(r.uri, status, message));
}

function textOf(path, status, message) {
    return answers.body(path, status, message) + '\n';
}

export default { answer, errorText, tokenHash };

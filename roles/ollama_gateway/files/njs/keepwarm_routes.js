// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * The routes of Ollama that go through the gateway (server/routes.go: GenerateRoutes). What is not named here is refused.
 */

import match from 'keepwarm_whole.js';

// content: the key that is empty in a request that only loads or unloads a model; null where keep_alive and options are not read.
const MODEL_ROUTES = {
    'POST /api/generate': { content: 'prompt' },
    'POST /api/chat': { content: 'messages' },
    'POST /api/embed': { content: 'input' },
    'POST /api/embeddings': { content: 'prompt' },
    'POST /v1/chat/completions': { content: null },
    'POST /v1/completions': { content: null },
    'POST /v1/embeddings': { content: null },
    'POST /v1/responses': { content: null },
    'POST /v1/messages': { content: null },
};
const OPEN_ROUTES = [
    'GET /', 'HEAD /', 'GET /api/version', 'HEAD /api/version', 'GET /api/tags', 'HEAD /api/tags', 'GET /api/ps', 'POST /api/show',
    'GET /v1/models',
];
const ADMIN_ROUTES = ['POST /api/create', 'DELETE /api/delete', 'POST /api/pull', 'POST /api/push', 'POST /api/copy'];
const MODEL_PAGE = /^GET \/v1\/models\/[A-Za-z0-9._:\/-]{1,500}/;

/** { kind: model, open, admin or none } of a route such as "GET /api/tags"; of a model's, also its content. */
function find(route, more) {
    if (MODEL_ROUTES[route]) {
        return { kind: 'model', content: MODEL_ROUTES[route].content };
    }
    if (ADMIN_ROUTES.indexOf(route) >= 0) {
        return { kind: 'admin' };
    }
    const isOpen = OPEN_ROUTES.indexOf(route) >= 0 || more.indexOf(route) >= 0 || match.whole(MODEL_PAGE, route);
    return { kind: isOpen ? 'open' : 'none' };
}

export default { find };

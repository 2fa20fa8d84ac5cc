// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Answers load balancers: PATH for the server, PATH/MODEL for one model. Costs a look at a file; no request reaches the server for it.
 */
import modelName from 'keepwarm_model_name.js';
import readiness from 'keepwarm_readiness.js';
import settings from 'keepwarm_settings.js';

function answer(r) {
    const word = wordFor(r.uri.slice(settings.ready.path.length + 1));
    r.headersOut['Content-Type'] = 'text/plain; charset=utf-8';
    r.headersOut['Cache-Control'] = 'no-store';
    r.return(word === readiness.RESIDENT ? 200 : 503, word + '\n');
}

function wordFor(name) {
    try {
        return readiness.word(settings.ready, name ? known(name) : null);
    } catch (error) {
        return 'unreadable';
    }
}

function known(name) {
    try {
        return modelName.normal(name);
    } catch (error) {
        return ''; // what is no name is no model's
    }
}

export default { answer };

// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Model names as Ollama compares them (types/model/name.go: ParseName, EqualFold): with all four parts, without regard to case.
 */
import refusal from 'keepwarm_refusal.js';
import match from 'keepwarm_whole.js';

const HOST = /^[a-z0-9_][a-z0-9_.:-]{0,349}/;
const NAMESPACE = /^[a-z0-9_][a-z0-9_-]{0,79}/;
const PART = /^[a-z0-9_][a-z0-9_.-]{0,79}/;
const PLAIN = /^[A-Za-z0-9._:\/-]+/;
// More than all parts can have together; patterns and replacing cost the square of what is longer.
const LONGEST = 700;

/** host/namespace/model:tag in lower case. Throws a Refusal. */
function normal(text) {
    if (text.length > LONGEST || !match.whole(PLAIN, text)) {
        throw refusal.malformed('invalid model name');
    }
    const name = text.toLowerCase().replace(/^[^/]*:\/\//, '');
    const colon = name.lastIndexOf(':');
    const isTagged = colon > name.lastIndexOf('/');
    const path = (isTagged ? name.slice(0, colon) : name).split('/');
    const tag = isTagged ? name.slice(colon + 1) : 'latest';
    refuseLocal(tag);
    return joined(path, tag);
}

/** Since 0.18 it is no tag but says where the model is; before, it was a tag like others. */
function refuseLocal(tag) {
    if (tag === 'local') {
        throw refusal.malformed('leave ":local" out of the model name');
    }
}

function joined(path, tag) {
    const model = path.pop();
    const namespace = path.length ? path.pop() : 'library';
    const host = path.length ? path.join('/') : 'registry.ollama.ai';
    if (!match.whole(HOST, host) || !match.whole(NAMESPACE, namespace) || !match.whole(PART, model) || !match.whole(PART, tag)) {
        throw refusal.malformed('invalid model name');
    }
    return host + '/' + namespace + '/' + model + ':' + tag;
}

export default { normal };

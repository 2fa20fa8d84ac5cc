// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Judges the body of a request for a model by the policies of this gateway, and edits its text by them.
 *
 * Knows nothing of nginx: bytes and settings in, a verdict out.
 */
import duration from 'keepwarm_duration.js';
import edit from 'keepwarm_edit.js';
import json from 'keepwarm_json_text.js';
import modelName from 'keepwarm_model_name.js';
import refusal from 'keepwarm_refusal.js';

// What makes the scheduler load a model anew (api/types.go: Runner), and what did in releases since 0.10.
const RUNNER_OPTIONS = [
    'num_ctx', 'num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict',
    'numa', 'low_vram', 'f16_kv', 'logits_all', 'vocab_only', 'use_mlock',
];
// No key that is judged is longer, and folding keeps the length. What njs replaces costs the square of it.
const LONGEST_KEY = 10;

/**
 * content: the key whose value is empty in a request that only loads or unloads; null where keep_alive and options are not read (/v1).
 * Returns { model, reasons, body }: body is null where the text goes on as it is. Throws a Refusal.
 */
function judge(bytes, content, client, settings) {
    const document = json.readDocument(bytes);
    const found = judged(document.members, content);
    const model = modelOf(document.scan, found.model);
    const request = {
        scan: document.scan,
        members: document.members,
        start: document.start,
        found: found,
        content: content,
        declared: settings.models[model] || null,
        settings: settings,
        gone: [],
        cuts: [],
        reasons: [],
    };
    permit(client, model, request.declared, settings);
    if (content !== null) {
        judgeKeepAlive(request);
        judgeOptions(request);
        judgeShift(request);
    }
    return { model: model, reasons: request.reasons, body: bodyOf(bytes, request) };
}

/** The members that decide, by key. Go takes a key in any case for the field, so one that only folds to it is refused. */
function judged(members, content) {
    const known = content === null ? ['model'] : ['model', 'keep_alive', 'options', 'shift', content];
    const found = {};
    members.forEach(function (member) {
        const meant = folded(member.key);
        if (known.indexOf(meant) < 0) {
            return;
        }
        if (member.key !== meant) {
            throw refusal.malformed('the key ' + JSON.stringify(member.key) + ' has to be written "' + meant + '"');
        }
        found[meant] = member;
    });
    return found;
}

/** As encoding/json folds a key, as far as the result can be ASCII. */
function folded(key) {
    if (key.length > LONGEST_KEY) {
        return key;
    }
    return key.replace(/\u212a/g, 'k').replace(/\u017f/g, 's').replace(/[A-Z]/g, function (letter) {
        return letter.toLowerCase();
    });
}

function modelOf(scan, member) {
    const name = member ? json.scalar(scan, member) : null;
    if (name === null || name === '') {
        throw refusal.malformed('model is required');
    }
    if (typeof name !== 'string') {
        throw refusal.malformed('"model" is not a string');
    }
    return modelName.normal(name);
}

function permit(client, model, declared, settings) {
    if (client.models !== null && client.models.indexOf(model) < 0) {
        throw new refusal.Refusal(403, 'this token is not for the model ' + model, 'model_of_others');
    }
    if (declared === null && settings.undeclared === 'refuse') {
        throw new refusal.Refusal(403, 'the model ' + model + ' is not declared here', 'undeclared');
    }
}

function judgeKeepAlive(request) {
    const member = request.found.keep_alive;
    const value = member ? json.scalar(request.scan, member) : null;
    if (value === null) {
        return;
    }
    const asked = duration.read(value);
    if (asked.brief && !hasContent(request)) {
        judgeUnload(request, member, asked);
    } else {
        judgeLasting(request, member, asked);
    }
}

function hasContent(request) {
    const member = request.found[request.content];
    return member !== undefined && !json.isEmpty(request.scan, member);
}

function judgeUnload(request, member, asked) {
    if (request.settings.unload === 'refuse') {
        throw new refusal.Refusal(403, 'this gateway lets nobody unload a model', 'unload');
    }
    if (request.settings.unload === 'drop') {
        remove(request, member, 'unload');
    } else if (asked.forever || asked.seconds > 0) {
        judgeLasting(request, member, asked);
    }
}

function judgeLasting(request, member, asked) {
    if (request.settings.keep_alive === 'drop') {
        remove(request, member, 'keep_alive');
    } else if (request.settings.keep_alive === 'clamp') {
        clamp(request, member, asked);
    }
}

/** A declared model stays at least as long as declared; another one at most as long as the server would keep it by itself. */
function clamp(request, member, asked) {
    const declared = request.declared;
    const text = declared === null ? request.settings.server_keep_alive : declared.keep_alive;
    if (text === null) {
        remove(request, member, 'keep_alive');
        return;
    }
    const limit = duration.read(JSON.parse(text));
    if (declared === null ? !isAtMost(asked, limit) : asked.brief || !duration.isAsLong(asked, limit)) {
        request.cuts.push({ start: member.value, end: member.end, text: text });
        request.reasons.push('keep_alive');
    }
}

/** A brief time before zero is for ever to some releases. */
function isAtMost(asked, limit) {
    return duration.isAsLong(limit, asked) && !(asked.brief && asked.forever);
}

/** A model that is not declared may be a declared one by another name, or take the memory of all others with its options. */
function judgeOptions(request) {
    if (request.settings.options === 'pass') {
        return;
    }
    const member = request.found.options;
    const isGiven = member !== undefined && json.scalar(request.scan, member) !== null;
    const options = isGiven ? json.readNested(request.scan, member) : [];
    const wrong = options.filter(function (option) {
        return reloads(request, option);
    });
    dropOptions(request, options, wrong);
    putContext(request, options.filter(function (option) {
        return wrong.indexOf(option) < 0;
    }), isGiven);
}

function reloads(request, option) {
    if (RUNNER_OPTIONS.indexOf(option.key) < 0) {
        return false;
    }
    const wanted = contextOf(request);
    return option.key !== 'num_ctx' || wanted === null || json.scalar(request.scan, option) !== wanted;
}

function contextOf(request) {
    return request.declared === null ? null : request.declared.num_ctx;
}

function dropOptions(request, options, wrong) {
    if (!wrong.length) {
        return;
    }
    if (request.settings.options === 'refuse') {
        throw new refusal.Refusal(403, 'options.' + wrong[0].key + ' is not as declared for this model, or it is not declared', 'options');
    }
    request.reasons.push('options');
    request.cuts = request.cuts.concat(edit.cutsOf(options, function (option) {
        return wrong.indexOf(option) >= 0;
    }));
}

/** Without a num_ctx the server would load the model anew with its default (server/sched.go: needsReload), so the declared one is put in. */
function putContext(request, kept, isGiven) {
    const isThere = kept.some(function (option) {
        return option.key === 'num_ctx';
    });
    if (contextOf(request) === null || isThere) {
        return;
    }
    const text = '"num_ctx":' + contextOf(request);
    const member = request.found.options;
    if (isGiven) {
        request.cuts.push({ start: member.value + 1, end: member.value + 1, text: kept.length ? text + ',' : text });
    } else if (member) {
        request.cuts.push({ start: member.value, end: member.end, text: '{' + text + '}' });
    } else {
        request.cuts.push({ start: request.start, end: request.start, text: '"options":{' + text + '},' });
    }
}

/** A top-level option, which since 0.30 makes the scheduler load anew. */
function judgeShift(request) {
    const member = request.found.shift;
    const policy = request.settings.options;
    if (!member || request.declared === null || policy === 'pass' || json.scalar(request.scan, member) === null) {
        return;
    }
    if (policy === 'refuse') {
        throw new refusal.Refusal(403, '"shift" is not as declared for this model', 'options');
    }
    remove(request, member, 'options');
}

function remove(request, member, reason) {
    request.gone.push(member);
    if (request.reasons.indexOf(reason) < 0) {
        request.reasons.push(reason);
    }
}

function bodyOf(bytes, request) {
    const cuts = request.cuts.concat(edit.cutsOf(request.members, function (member) {
        return request.gone.indexOf(member) >= 0;
    }));
    return cuts.length ? edit.edited(bytes, cuts) : null;
}

export default { judge };

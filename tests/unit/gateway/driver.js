// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Has the judge judge the cases on standard input, one JSON object a line, in the very program that runs inside nginx:
 * {"body": hexadecimal, "content": key or null, "client": {...}, "settings": {...}}; or {"name": text} for a model's name.
 * Prints a line of JSON for each; of a long body its SHA-256.
 */
import crypto from 'crypto';
import fs from 'fs';
import judge from 'keepwarm_judge.js';
import modelName from 'keepwarm_model_name.js';

function verdictOf(given) {
    try {
        if (given.name !== undefined) {
            return { name: modelName.normal(given.name) };
        }
        const verdict = judge.judge(Buffer.from(given.body, 'hex'), given.content, given.client, given.settings);
        return { model: verdict.model, reasons: verdict.reasons, body: shown(verdict.body) };
    } catch (error) {
        if (error.status === undefined) {
            throw error;
        }
        return { status: error.status, message: error.message, reason: error.reason };
    }
}

// console.log cuts what is longer than some hundred kilobytes.
function shown(body) {
    if (body === null || body.length < 10000) {
        return body === null ? null : Buffer.from(body).toString('hex');
    }
    return crypto.createHash('sha256').update(body).digest('hex');
}

fs.readFileSync('/dev/stdin').toString().trim().split('\n').forEach(function (line) {
    console.log(JSON.stringify(verdictOf(JSON.parse(line))));
});

// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Whether the readiness file of the agent (docs/readiness.md) says that a model, or the server, is resident, and still counts. The agent's rule.py and
 * ready.sh have the same rule; a test gives all of them the same files.
 */
import fs from 'fs';

const FORMAT = 'keepwarm-ready 1';
const RESIDENT = 'resident';
const OTHERS_WRITE = 18; // 0o022
const LARGEST = 262144; // bytes
const NUMBER = /^[0-9]{1,15}$/;

/** RESIDENT, or why not, in a word. places: the readiness file, the folder of systemd's links to the starts of units. model: in its normal form, or null. */
function word(places, model) {
    const text = ours(places.file);
    const lines = text === null ? [] : text.split('\n');
    if (lines.length < 3 || lines[0] !== FORMAT || lines[lines.length - 1] !== '') {
        return 'unreadable';
    }
    const head = lines[1].split(' ');
    const rows = lines.slice(2, -1).map(function (line) { return line.split(' '); });
    if (!isHead(head) || !rows.every(isRow)) {
        return 'unreadable';
    }
    if (head[0] !== 'ready' && head[0] !== 'cold') {
        return head[1];
    }
    return otherStart(places.units, head) || proved(head, rows, model);
}

/** The text of a file that nobody has planted; njs reads in the fewest steps, and the agent only ever replaces the file. */
function ours(path) {
    try {
        const status = fs.lstatSync(path);
        const owner = fs.statSync(path.slice(0, path.lastIndexOf('/'))).uid;
        const isOurs = status.isFile() && (status.uid === 0 || status.uid === owner) && !(status.mode & OTHERS_WRITE);
        return isOurs && status.size <= LARGEST ? fs.readFileSync(path, 'utf8') : null;
    } catch (error) {
        return null;
    }
}

function isHead(fields) {
    return fields.length === 8 && ['ready', 'cold', 'hold', 'drain', 'stopped'].indexOf(fields[0]) >= 0
        && [2, 3, 4, 7].every(function (place) { return NUMBER.test(fields[place]); });
}

function isRow(fields) {
    return fields.length === 7 && (fields[0] === 'yes' || fields[0] === 'no') && (fields[6] === 'required' || fields[6] === 'optional')
        && [2, 3, 4].every(function (place) { return NUMBER.test(fields[place]); });
}

/** njs cannot read links before 0.8.7: each start of a unit has a link of its own, so its inode tells. */
function otherStart(units, head) {
    if (head[5] === '-') {
        return '';
    }
    try {
        return fs.lstatSync(units + '/invocation:' + head[5]).ino === Number(head[7]) ? '' : 'restarted';
    } catch (error) {
        return 'stopped';
    }
}

function proved(head, rows, model) {
    const row = model === null ? [head[0] === 'ready' ? 'yes' : 'no'].concat(head.slice(1)) : find(rows, model);
    if (!row) {
        return 'not_declared';
    }
    if (row[0] !== 'yes') {
        return row[1];
    }
    const boot = Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    const isYoung = Date.now() / 1000 < Number(row[2]) && Number(row[3]) <= boot && boot < Number(row[4]);
    return isYoung ? RESIDENT : 'stale';
}

function find(rows, model) {
    return rows.filter(function (fields) { return fields[5] === model; })[0];
}

export default { RESIDENT, word };

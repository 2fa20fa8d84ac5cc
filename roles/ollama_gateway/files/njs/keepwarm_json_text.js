// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Finds the members of a JSON object in its text.
 *
 * The text of values that nobody judges is only searched for its end. That is safe because Ollama reads the whole text before it acts
 * (encoding/json scans a value to its end first): of a text with a mistake in such a value it acts on nothing.
 */
import refusal from 'keepwarm_refusal.js';
import match from 'keepwarm_whole.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/;
const LONGEST_SCALAR = 64;
const DEEPEST = 500;
const MOST_MEMBERS = 1000;
// A step costs a fraction of a microsecond in which nginx serves nobody else; strings, which images and prompts are, cost none by length.
const MOST_STEPS = 200000;

/** The members of the object that is the whole text, and where in it they start. Throws a Refusal. */
function readDocument(bytes) {
    const scan = { bytes: bytes, steps: 0 };
    refuseOtherThanUtf8(bytes);
    const start = afterSpace(scan, 0);
    if (start >= bytes.length) {
        throw refusal.malformed('missing request body');
    }
    if (bytes[start] !== OPEN_OBJECT) {
        throw refusal.malformed('the request body is not a JSON object');
    }
    const object = readObject(scan, start);
    if (afterSpace(scan, object.end) < bytes.length) {
        throw refusal.malformed('something follows the JSON object of the request body');
    }
    return { scan: scan, members: object.members, start: start + 1 };
}

/** The members of the object that is a member's value. Throws a Refusal where the value is none. */
function readNested(scan, member) {
    if (scan.bytes[member.value] !== OPEN_OBJECT) {
        throw refusal.malformed('"' + member.key + '" is not an object');
    }
    return readObject(scan, member.value).members;
}

function readObject(scan, start) {
    const members = [];
    const keys = {};
    let at = afterSpace(scan, start + 1);
    if (scan.bytes[at] === CLOSE_OBJECT) {
        return { members: members, end: at + 1 };
    }
    for (;;) {
        const member = readMember(scan, at);
        refuseTwice(keys, member.key);
        members.push(member);
        if (members.length > MOST_MEMBERS) {
            throw refusal.malformed('an object of the request body has more than ' + MOST_MEMBERS + ' keys');
        }
        at = afterSpace(scan, member.end);
        if (scan.bytes[at] === CLOSE_OBJECT) {
            return { members: members, end: at + 1 };
        }
        at = afterSpace(scan, expect(scan, at, COMMA));
    }
}

function readMember(scan, start) {
    if (scan.bytes[start] !== QUOTE) {
        throw invalid(start);
    }
    const keyEnd = stringEnd(scan, start);
    const colon = afterSpace(scan, keyEnd);
    const value = afterSpace(scan, expect(scan, colon, COLON));
    return { key: parse(scan, start, keyEnd), start: start, value: value, end: valueEnd(scan, value) };
}

/** Go would take the last one, merge two objects, or leave the first one where the second is null. */
function refuseTwice(keys, key) {
    if (keys['=' + key]) {
        throw refusal.malformed('the key ' + JSON.stringify(key.slice(0, 60)) + ' is there twice');
    }
    keys['=' + key] = true;
}

function valueEnd(scan, start) {
    const first = scan.bytes[start];
    if (first === QUOTE) {
        return stringEnd(scan, start);
    }
    return first === OPEN_OBJECT || first === OPEN_LIST ? nestedEnd(scan, start) : scalarEnd(scan, start);
}

function scalarEnd(scan, start) {
    let end = start;
    while (end < scan.bytes.length && end - start <= LONGEST_SCALAR && !isDelimiter(scan.bytes[end])) {
        end++;
    }
    if (!match.whole(SCALAR, scan.bytes.subarray(start, end).toString())) {
        throw invalid(start);
    }
    return end;
}

function nestedEnd(scan, start) {
    let depth = 0;
    for (let at = start; ; at++) {
        const byte = scan.bytes[at];
        spend(scan);
        if (byte === QUOTE) {
            at = stringEnd(scan, at) - 1;
        } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
            depth = deeper(depth);
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
            depth--;
        } else if (byte === undefined) {
            throw invalid(at);
        }
        if (depth === 0) {
            return at + 1;
        }
    }
}

function deeper(depth) {
    if (depth >= DEEPEST) {
        throw refusal.malformed('the JSON of the request body is nested more than ' + DEEPEST + ' levels deep');
    }
    return depth + 1;
}

function stringEnd(scan, start) {
    let quote = start;
    for (;;) {
        quote = scan.bytes.indexOf(QUOTE, quote + 1);
        if (quote < 0) {
            throw invalid(scan.bytes.length);
        }
        if (!isEscaped(scan, start, quote)) {
            return quote + 1;
        }
    }
}

function isEscaped(scan, start, quote) {
    let at = quote - 1;
    while (at > start && scan.bytes[at] === BACKSLASH) {
        spend(scan);
        at--;
    }
    return (quote - at) % 2 === 0;
}

function afterSpace(scan, start) {
    let at = start;
    while (isSpace(scan.bytes[at])) {
        spend(scan);
        at++;
    }
    return at;
}

function isSpace(byte) {
    return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDelimiter(byte) {
    return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_LIST || isSpace(byte);
}

function expect(scan, at, byte) {
    if (scan.bytes[at] !== byte) {
        throw invalid(at);
    }
    return at + 1;
}

function spend(scan) {
    scan.steps++;
    if (scan.steps > MOST_STEPS) {
        throw new refusal.Refusal(413, 'the JSON of the request body has too much outside of its strings', 'too_large');
    }
}

/** The value in these bytes, which are a string's or a scalar's. Throws a Refusal. */
function parse(scan, start, end) {
    try {
        return JSON.parse(scan.bytes.subarray(start, end).toString());
    } catch (error) {
        throw invalid(start);
    }
}

/** A member's value where it is a string, a number, a boolean or null; undefined for a list or an object. */
function scalar(scan, member) {
    const first = scan.bytes[member.value];
    return first === OPEN_OBJECT || first === OPEN_LIST ? undefined : parse(scan, member.value, member.end);
}

/** Whether the value is what Go's zero values come to: null, "", or a list of nothing. */
function isEmpty(scan, member) {
    if (scan.bytes[member.value] === OPEN_LIST) {
        return scan.bytes[afterSpace(scan, member.value + 1)] === CLOSE_LIST;
    }
    const value = scalar(scan, member);
    return value === null || value === '';
}

function invalid(at) {
    return refusal.malformed('the request body is not valid JSON at byte ' + at);
}

function refuseOtherThanUtf8(bytes) {
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        throw refusal.malformed('the request body begins with a byte order mark');
    }
    try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
        throw refusal.malformed('the request body is not valid UTF-8');
    }
}

export default { readDocument, readNested, scalar, isEmpty };

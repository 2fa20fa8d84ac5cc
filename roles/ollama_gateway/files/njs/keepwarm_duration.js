// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * keep_alive as Ollama reads it (api/types.go: Duration.UnmarshalJSON): a number of seconds, or a Go duration.
 */
import refusal from 'keepwarm_refusal.js';

const NANOSECONDS = { ns: 1, us: 1e3, '\u00b5s': 1e3, '\u03bcs': 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
const PART = /^([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/;
// From here on Go's conversion to int64 gives the least number on amd64, which unloads the model, and the greatest on arm64, which pins it.
const MOST_SECONDS = 9223372036;
// What is longer as a text, Go refuses itself.
const MOST_NANOSECONDS = Math.pow(2, 63);
// Releases differ in what they cut to zero (before 0.11.8 all fractions), and nobody who wants a model to stay says less.
const BRIEF_SECONDS = 1;
// Each part copies the text after it, so a text without a limit would cost the square of its length.
const LONGEST = 64;

/**
 * { forever, seconds, brief }: brief is what a server may take for zero, after which it unloads the model. Throws a Refusal for what the
 * server refuses.
 */
function read(value) {
    if (typeof value === 'number') {
        return fromNumber(value);
    }
    if (typeof value === 'string') {
        return fromText(value);
    }
    throw refusal.malformed('"keep_alive" is neither a number nor a duration');
}

function fromNumber(seconds) {
    if (!isFinite(seconds)) {
        throw refusal.malformed('"keep_alive" is out of range');
    }
    return seconds > MOST_SECONDS ? { forever: true, seconds: 0, brief: true } : given(seconds);
}

function fromText(text) {
    if (text.length > LONGEST) {
        throw refusal.malformed('"keep_alive" is longer than ' + LONGEST + ' characters');
    }
    const sign = text[0] === '-' || text[0] === '+' ? text[0] : '';
    const rest = text.slice(sign.length);
    const seconds = rest === '0' ? 0 : sum(rest) / 1e9;
    return given(sign === '-' ? -seconds : seconds);
}

function sum(text) {
    let rest = text;
    let nanoseconds = 0;
    do {
        const part = PART.exec(rest);
        if (part === null || (!part[1] && !part[2])) {
            throw refusal.malformed('"keep_alive" is not a duration such as "30m"');
        }
        nanoseconds += Number((part[1] || '0') + '.' + (part[2] || '0')) * NANOSECONDS[part[3]];
        rest = rest.slice(part[0].length);
    } while (rest);
    if (nanoseconds > MOST_NANOSECONDS) {
        throw refusal.malformed('"keep_alive" is out of range');
    }
    return nanoseconds;
}

function given(seconds) {
    return { forever: seconds < 0, seconds: Math.max(seconds, 0), brief: Math.abs(seconds) < BRIEF_SECONDS };
}

/** Whether the first one lasts as long as the second, or longer. */
function isAsLong(one, other) {
    return one.forever || (!other.forever && one.seconds >= other.seconds);
}

export default { read, isAsLong };

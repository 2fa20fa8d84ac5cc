// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Cuts members out of JSON text, or puts others in, and touches no other byte.
 */

/** What has to be cut so that these members are gone and the others, with all that stands between them, are not touched. */
function cutsOf(members, isGone) {
    const cuts = [];
    let kept = null;
    members.forEach(function (member, index) {
        if (!isGone(member)) {
            kept = member;
        } else if (index + 1 < members.length) {
            cuts.push({ start: member.start, end: members[index + 1].start, text: '' });
        } else {
            cuts.push({ start: kept === null ? member.start : kept.end, end: member.end, text: '' });
        }
    });
    return cuts;
}

/** The text after these cuts, each with the text that takes its place. */
function edited(bytes, cuts) {
    const parts = [];
    let at = 0;
    cuts.sort(function (one, other) {
        return one.start - other.start;
    });
    cuts.forEach(function (cut) {
        if (cut.start > at) {
            parts.push(bytes.subarray(at, cut.start));
        }
        parts.push(Buffer.from(cut.text));
        at = Math.max(at, cut.end);
    });
    parts.push(bytes.subarray(at));
    return Buffer.concat(parts).toString();
}

export default { cutsOf, edited };

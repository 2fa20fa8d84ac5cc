// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Whether the pattern, which begins with ^, matches the text to its very end. In njs a $ matches before a last line break, too.
 */
function whole(pattern, text) {
    const found = pattern.exec(text);
    return found !== null && found[0] === text;
}

export default { whole };

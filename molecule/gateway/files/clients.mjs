// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the official JavaScript clients make of a gateway, as JSON: node clients.mjs FOLDER URL TOKEN. FOLDER has them in node_modules,
// NODE_EXTRA_CA_CERTS names the authority.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, url, token] = process.argv.slice(2);
const installed = createRequire(folder + '/');
const { Ollama } = await import(pathToFileURL(installed.resolve('ollama')));
const { default: OpenAI } = await import(pathToFileURL(installed.resolve('openai')));
const messages = [{ role: 'user', content: 'hi' }];
const image = Buffer.from('\x89PNG\r\n\x1a\n' + 'x'.repeat(20000), 'latin1').toString('base64');
const tool = { type: 'function', function: { name: 'weather', description: 'd', parameters: { type: 'object', properties: { keep_alive: { type: 'string' } } } } };
const PARALLEL = 20;

async function all(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    return chunks;
}

async function status(ask) {
    try {
        await ask();
    } catch (error) {
        return error.status_code || error.status;
    }
    return 200;
}

async function byOllama() {
    const client = new Ollama({ host: url, headers: { Authorization: 'Bearer ' + token } });
    const stranger = new Ollama({ host: url });
    const chunks = await all(await client.chat({ model: 'tiny-a', messages, stream: true, keep_alive: 0 }));
    const parallel = await Promise.all(Array.from({ length: PARALLEL }, () => client.generate({ model: 'tiny-a', prompt: 'hi', keep_alive: 0 })));
    const found = {
        chat: (await client.chat({ model: 'tiny-a', messages, keep_alive: '1s', options: { num_ctx: 64, temperature: 0 } })).message.role,
        generate: (await client.generate({ model: 'tiny-a', prompt: 'hi', keep_alive: 0 })).done,
        streaming: [chunks.length > 1, chunks[chunks.length - 1].done],
        embeddings: [(await client.embed({ model: 'embed', input: ['a', 'b'] })).embeddings.length,
            (await client.embeddings({ model: 'embed', prompt: 'a' })).embedding.length > 0],
        tools: (await client.chat({ model: 'tools', messages, tools: [tool] })).message.role,
        images: (await client.generate({ model: 'tiny-a', prompt: 'hi', images: [image] })).done,
        list: (await client.list()).models.some((model) => model.model === 'tiny-a:latest'),
        'no model': await status(() => client.chat({ model: 'nothing-of-that-name', messages })),
        unload: await status(() => client.generate({ model: 'tiny-a', prompt: '', keep_alive: 0 })),
        pull: await status(() => client.pull({ model: 'tiny-a' })),
        'no token': await status(() => stranger.chat({ model: 'tiny-a', messages })),
        parallel: parallel.filter((answer) => answer.done).length,
    };
    const stream = await client.generate({ model: 'big', prompt: 'hi', stream: true, options: { num_predict: 1000 } });
    await stream[Symbol.asyncIterator]().next();
    client.abort();
    return found;
}

async function byOpenAI() {
    const client = new OpenAI({ baseURL: url + '/v1', apiKey: token, maxRetries: 0 });
    const stranger = new OpenAI({ baseURL: url + '/v1', apiKey: 'nobody', maxRetries: 0 });
    const ask = (more) => client.chat.completions.create({ model: 'tiny-b', messages, ...more });
    const chunks = await all(await ask({ stream: true }));
    const parallel = await Promise.all(Array.from({ length: PARALLEL }, () => ask({})));
    const content = [{ type: 'text', text: 'hi' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + image } }];
    const found = {
        chat: (await ask({})).choices[0].message.role,
        generate: (await client.completions.create({ model: 'tiny-b', prompt: 'hi' })).choices[0].finish_reason !== null,
        streaming: [chunks.length > 1, chunks[chunks.length - 1].choices[0].finish_reason !== null],
        embeddings: [(await client.embeddings.create({ model: 'embed', input: ['a', 'b'] })).data.length, true],
        tools: (await ask({ model: 'tools', tools: [tool] })).choices[0].message.role,
        images: (await ask({ messages: [{ role: 'user', content }] })).choices[0].finish_reason !== null,
        list: (await all(await client.models.list())).some((model) => model.id === 'tiny-b:latest'),
        'no model': await status(() => ask({ model: 'nothing-of-that-name' })),
        'no token': await status(() => stranger.chat.completions.create({ model: 'tiny-b', messages })),
        parallel: parallel.filter((answer) => answer.choices[0].message.role === 'assistant').length,
    };
    const stream = await ask({ model: 'big', stream: true, max_tokens: 1000 });
    await stream[Symbol.asyncIterator]().next();
    stream.controller.abort();
    return found;
}

console.log(JSON.stringify({ ollama: await byOllama(), openai: await byOpenAI() }));

// Copyright (c) 2026 the keepwarm.ollama contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads request bodies as the Ollama server does: by Go's encoding/json, into structs with the names and types of Ollama's api/types.go
// (releases 0.10 to 0.33). One JSON object a line on standard input, {"route": ..., "body": hexadecimal}; one a line comes out.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"time"
)

type Duration struct{ time.Duration }

// As api/types.go: Duration.UnmarshalJSON.
func (d *Duration) UnmarshalJSON(b []byte) (err error) {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch t := v.(type) {
	case float64:
		if t < 0 {
			d.Duration = time.Duration(math.MaxInt64)
		} else {
			d.Duration = time.Duration(t * float64(time.Second))
		}
	case string:
		if d.Duration, err = time.ParseDuration(t); err != nil {
			return err
		}
		if d.Duration < 0 {
			d.Duration = time.Duration(math.MaxInt64)
		}
	default:
		return fmt.Errorf("Unsupported type: '%s'", reflect.TypeOf(v))
	}
	return nil
}

// Common is what all of these requests have.
type Common struct {
	Model     string         `json:"model"`
	KeepAlive *Duration      `json:"keep_alive,omitempty"`
	Options   map[string]any `json:"options"`
}

type Generate struct {
	Common
	Prompt   string          `json:"prompt"`
	Suffix   string          `json:"suffix"`
	System   string          `json:"system"`
	Template string          `json:"template"`
	Context  []int           `json:"context,omitempty"`
	Stream   *bool           `json:"stream,omitempty"`
	Raw      bool            `json:"raw,omitempty"`
	Format   json.RawMessage `json:"format,omitempty"`
	Images   [][]byte        `json:"images,omitempty"`
	Think    any             `json:"think,omitempty"`
	Truncate *bool           `json:"truncate,omitempty"`
	Shift    *bool           `json:"shift,omitempty"`
}

type Chat struct {
	Common
	Messages []json.RawMessage `json:"messages"`
	Stream   *bool             `json:"stream,omitempty"`
	Format   json.RawMessage   `json:"format,omitempty"`
	Tools    any               `json:"tools,omitempty"`
	Think    any               `json:"think,omitempty"`
	Truncate *bool             `json:"truncate,omitempty"`
	Shift    *bool             `json:"shift,omitempty"`
}

type Embed struct {
	Common
	Input      any   `json:"input"`
	Truncate   *bool `json:"truncate,omitempty"`
	Dimensions int   `json:"dimensions,omitempty"`
}

type Embedding struct {
	Common
	Prompt string `json:"prompt"`
}

type OpenAI struct {
	Model string `json:"model"`
}

// Meaning is what of a request decides about models in memory; Rest is all other keys.
type Meaning struct {
	Error     string         `json:"error"`
	Model     string         `json:"model"`
	KeepAlive *int64         `json:"keep_alive"` // nanoseconds
	Options   map[string]any `json:"options"`
	Shift     *bool          `json:"shift"`
	Unloads   bool           `json:"unloads"`
	Rest      map[string]any `json:"rest"`
}

func decode(body []byte, request any) error {
	return json.NewDecoder(bytes.NewReader(body)).Decode(request)
}

func (m *Meaning) common(common Common, empty bool, shift *bool) {
	m.Model, m.Options, m.Shift = common.Model, common.Options, shift
	if common.KeepAlive != nil {
		nanoseconds := int64(common.KeepAlive.Duration)
		m.KeepAlive = &nanoseconds
		m.Unloads = empty && nanoseconds <= 0
	}
}

func isEmptyInput(input any) bool {
	text, isText := input.(string)
	list, isList := input.([]any)
	return input == nil || (isText && text == "") || (isList && len(list) == 0)
}

func (m *Meaning) read(route string, body []byte) error {
	var err error
	switch route {
	case "/api/generate":
		var r Generate
		err = decode(body, &r)
		m.common(r.Common, r.Prompt == "", r.Shift)
	case "/api/chat":
		var r Chat
		err = decode(body, &r)
		m.common(r.Common, len(r.Messages) == 0, r.Shift)
	case "/api/embed":
		var r Embed
		err = decode(body, &r)
		m.common(r.Common, isEmptyInput(r.Input), nil)
	case "/api/embeddings":
		var r Embedding
		err = decode(body, &r)
		m.common(r.Common, r.Prompt == "", nil)
	default:
		var r OpenAI
		err = decode(body, &r)
		m.Model = r.Model
	}
	return err
}

func meaning(route string, body []byte) Meaning {
	var m Meaning
	if err := m.read(route, body); err != nil {
		return Meaning{Error: err.Error()}
	}
	decode(body, &m.Rest)
	for _, key := range []string{"model", "keep_alive", "options", "shift"} {
		delete(m.Rest, key)
	}
	return m
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<28)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var given struct{ Route, Body string }
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			panic(err)
		}
		body, err := hex.DecodeString(given.Body)
		if err != nil {
			panic(err)
		}
		if err := out.Encode(meaning(given.Route, body)); err != nil {
			panic(err)
		}
	}
}

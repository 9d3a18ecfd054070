package api

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
)

// maxKey is the longest Idempotency-Key, in characters.
const maxKey = 255

// IdempotencyKey is the key of a request, "" when it has none. One that is empty, too long or not to be read is
// refused: its sender relies on it.
func IdempotencyKey(r Request) (string, error) {
	sent := r.Header.Values("Idempotency-Key")
	if len(sent) == 0 {
		return "", nil
	}
	key := sent[0]
	// As a string of RFC 9651 it is ASCII: what else a header may hold reaches us as each client and proxy encodes it, so
	// that two ways of sending one key would be two keys, or two keys would become one.
	unreadable := func(c rune) bool { return c < ' ' || c > '~' }
	if len(sent) > 1 || key == "" || len(key) > maxKey || strings.ContainsFunc(key, unreadable) {
		return "", Malformed("invalid_idempotency_key", "An Idempotency-Key is one header of 1 to 255 printable ASCII characters.")
	}
	return key, nil
}

// fingerprint tells requests to one operation apart: path, query and body, which is another one when it is to be read
// another way. It is made before any default is filled in, so that a new optional field never turns an old retry into a
// conflict.
func fingerprint(r Request) string {
	parts := []string{string(canonical(r.Body))}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/json" {
		parts = append(parts, "media", media)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		parts = append(parts, "path", name, r.Params[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		parts = append(append(parts, "query", name), r.Query[name]...)
	}
	return digest(parts...)
}

// canonical is a JSON body without the blanks and the order of its writer, its numbers as written. Any other body is
// as it is.
func canonical(body []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return body
	}
	if _, err := dec.Token(); err != io.EOF { // more than one value, such as JSON lines
		return body
	}
	sorted, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return sorted
}

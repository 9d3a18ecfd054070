package api

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The size of a page of a list.
const (
	usualLimit = 20
	maxLimit   = 100
	maxCursor  = 1024 // bytes
)

// Page reads the parameters limit and cursor of a list: how many to show, and the position after which, "" from the
// beginning. Whether the position is one of the list's own is for the list to see: BadCursor says that it is not.
func Page(r Request) (limit int, after string, err error) {
	limit = usualLimit
	if r.Query.Has("limit") {
		s := r.Query.Get("limit")
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxLimit {
			return 0, "", Malformed("invalid_limit", fmt.Sprintf("limit is %.100q; it is a whole number from 1 to %d.", s, maxLimit))
		}
		limit = n
	}
	if !r.Query.Has("cursor") {
		return limit, "", nil
	}
	cursor := r.Query.Get("cursor")
	position, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	broken := strings.ContainsAny(cursor, "\r\n") // decoding skips line breaks
	if err != nil || broken || len(position) == 0 || len(cursor) > maxCursor || !utf8.Valid(position) {
		return 0, "", BadCursor()
	}
	return limit, string(position), nil
}

// NextCursor is the cursor of the page after a position, nil after the last page.
func NextCursor(position string) *string {
	if position == "" {
		return nil
	}
	cursor := base64.RawURLEncoding.EncodeToString([]byte(position))
	return &cursor
}

// BadCursor is 400: a cursor that no answer of this list held.
func BadCursor() *Error {
	return Malformed("invalid_cursor", "The cursor is not one that a list answer of this API key held; send next_cursor as it came, or leave it out.")
}

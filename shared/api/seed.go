package api

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// NewID is an id for what a request makes: of its Seed if it has one, so that every execution of it makes the same, else
// of a fresh ULID.
func NewID(prefix, seed string, fresh func() string) string {
	if seed == "" {
		return prefix + strings.ToLower(fresh())
	}
	sum := sha256.Sum256([]byte(prefix + seed))
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])
}

package state

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"
)

// Tokens are the bearer tokens a carrier issued. Only their hashes are kept, in memory and on disk. It is safe
// for concurrent use.
type Tokens struct {
	mu      sync.Mutex
	journal *Journal
	expires map[string]time.Time // by hash
}

// NewTokens returns an empty set that writes nothing to disk.
func NewTokens() *Tokens { return &Tokens{expires: map[string]time.Time{}} }

// Keep makes every later change go to j first. Call it before the set is shared.
func (t *Tokens) Keep(j *Journal) { t.journal = j }

// Journal kinds of the tokens.
const (
	KindToken   = "token"
	KindRevoked = "revoked"
)

type issue struct {
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expires"`
}

// Apply takes back one line of the journal. Kinds of others are left alone (false).
func (t *Tokens) Apply(kind string, data json.RawMessage) (bool, error) {
	switch kind {
	case KindToken:
		var i issue
		if err := json.Unmarshal(data, &i); err != nil {
			return true, err
		}
		t.expires[i.Hash] = i.Expires
	case KindRevoked:
		clear(t.expires)
	default:
		return false, nil
	}
	return true, nil
}

// Issue makes a new token that is valid until expires. It fails only when the journal can't be written.
func (t *Tokens) Issue(expires time.Time) (string, error) {
	token := rand.Text() + rand.Text()
	i := issue{hash(token), expires}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.journal.Append(KindToken, i); err != nil {
		return "", err
	}
	t.expires[i.Hash] = expires
	return token, nil
}

// Valid tells whether the token was issued, was not revoked, and has not expired at now.
func (t *Tokens) Valid(token string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	expires, ok := t.expires[hash(token)]
	return ok && now.Before(expires)
}

// Revoke makes every token issued so far invalid and returns how many there were.
func (t *Tokens) Revoke() (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.journal.Append(KindRevoked, struct{}{}); err != nil {
		return 0, err
	}
	n := len(t.expires)
	clear(t.expires)
	return n, nil
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

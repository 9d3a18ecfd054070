package sources

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// checkpoint remembers on disk how far each shard of a stream was handled. It is written after success only, so
// after a crash a batch is handled again rather than lost.
type checkpoint struct {
	file string

	mu sync.Mutex
	s  saved
}

type saved struct {
	Stream string          `json:"stream"` // the ARN; another stream under the same name starts afresh
	Shards map[string]mark `json:"shards"`
}

type mark struct {
	After string `json:"after,omitempty"` // the last sequence number handled
	Done  bool   `json:"done,omitempty"`  // the shard is closed and was handled to its end
}

func openCheckpoint(file, stream string) (*checkpoint, error) {
	c := &checkpoint{file: file}
	raw, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(raw, &c.s); err != nil {
			return nil, fmt.Errorf("checkpoint %s: %w: remove it to read the stream from its beginning", file, err)
		}
	}
	if c.s.Stream != stream || c.s.Shards == nil {
		c.s = saved{Stream: stream, Shards: map[string]mark{}}
	}
	return c, nil
}

func (c *checkpoint) get(shard string) mark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.s.Shards[shard]
}

// set saves how far a shard was handled. The file is replaced whole, so a crash leaves the old one or the new one.
func (c *checkpoint) set(shard string, m mark) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Shards[shard] = m
	raw, err := json.Marshal(c.s)
	if err != nil {
		return err
	}
	tmp := c.file + ".tmp"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, c.file)
}

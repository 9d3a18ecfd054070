// Package state is what a simulated carrier remembers: the bookings it made, the tokens it issued, how it is set,
// and a journal on disk from which all of it can be read back after a restart. It knows no carrier's wire format.
package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Journal is an append-only file of JSON lines. A nil Journal keeps nothing, so that a simulator without a file
// needs no special case. It is safe for concurrent use.
type Journal struct {
	mu   sync.Mutex
	file *os.File
}

type line struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// OpenJournal reads every line of the file at path (which it makes when there is none), hands each to apply in
// order, and leaves the file open for appending. A last line that was cut off by a crash is dropped: its caller
// never heard that it was recorded.
func OpenJournal(path string, apply func(kind string, data json.RawMessage) error) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := replay(f, apply); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), f.Close())
	}
	return &Journal{file: f}, nil
}

func replay(f *os.File, apply func(kind string, data json.RawMessage) error) error {
	all, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := all[:bytes.LastIndexByte(all, '\n')+1]
	n := 0
	for text := range bytes.Lines(whole) {
		n++
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := apply(l.Kind, l.Data); err != nil {
			return fmt.Errorf("line %d (%s): %w", n, l.Kind, err)
		}
	}
	if len(whole) < len(all) {
		return f.Truncate(int64(len(whole)))
	}
	return nil
}

// Append writes one line. When it returns nil the line survives the death of this process (not of the machine:
// it isn't synced, a simulator needs no more).
func (j *Journal) Append(kind string, v any) error {
	if j == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	text, err := json.Marshal(line{kind, data})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"
)

// line is a log line of a function, as far as it is of interest here.
type line struct {
	Time        time.Time `json:"timestamp"`
	Msg         string
	Outcome     string
	RequestID   string `json:"request_id"`
	Correlation string `json:"correlation_id"`
	AWS         int64  `json:"aws_ms"`
}

// lines reads what a log got behind a place.
func lines(file string, from int64, each func(line)) error {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) { // the function has not run
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReader(f)
	for {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return nil // a line that is being written is none yet
		}
		var l line
		if json.Unmarshal(text, &l) == nil {
			each(l)
		}
	}
}

// booked is when each order was booked, by its request id.
func (r *rig) booked(from int64) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	return out, lines(r.log("book-shipment"), from, func(l line) {
		if l.Msg == "message" && l.Outcome == "Done" {
			out[l.Correlation] = l.Time
		}
	})
}

// latest is when the last of some was booked, and not before a time.
func latest(booked map[string]time.Time, since time.Time) time.Time {
	for _, at := range booked {
		if at.After(since) {
			since = at
		}
	}
	return since
}

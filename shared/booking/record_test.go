package booking

import (
	"bytes"
	"testing"
	"time"
)

// FuzzParseEntry holds that a stored history entry is read as what it was written from, to the bit, or refused.
func FuzzParseEntry(f *testing.F) {
	f.Add(Entry{At: time.UnixMilli(1_772_600_767_008), Status: Booked, Cause: 3}.Bytes())
	f.Add([]byte("0123456789"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := ParseEntry(b); err == nil && !bytes.Equal(e.Bytes(), b) {
			t.Errorf("% x is read as %+v, which is % x", b, e, e.Bytes())
		}
	})
}

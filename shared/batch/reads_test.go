package batch_test

import (
	"strings"
	"testing"
)

// A batch of a thousand rows has twenty chunks; what no chunk can hold yet is not asked for, twice each.
func TestABatchThatHasJustBegunIsAnsweredWithFewReads(t *testing.T) {
	s := newShop(t)
	if _, err := s.post(strings.Split(strings.Repeat("{}\n", 999)+"{}", "\n")...); err != nil {
		t.Fatal(err)
	}
	if s.calls > 4 { // the batch, and the chunk that is next, eventually and strongly consistent
		t.Errorf("accepting took %d calls of the database", s.calls)
	}
}

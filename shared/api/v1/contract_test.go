package v1

import "testing"

func TestContract(t *testing.T) {
	if err := Contract().Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

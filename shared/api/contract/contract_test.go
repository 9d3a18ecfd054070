package contract

import "testing"

func TestContract(t *testing.T) {
	if err := Document().Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

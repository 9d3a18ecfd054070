package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/fairlead/fairlead/shared/obs"
)

func TestPage(t *testing.T) {
	have, err := os.ReadFile("../../docs/metrics.md")
	if err != nil || !bytes.Equal(have, page(obs.Metrics)) {
		t.Errorf("infra/docs/metrics.md is not up to date: run make generate (%v)", err)
	}
}

package main

import (
	"log/slog"
	"path/filepath"

	"github.com/fairlead/fairlead/infra/carriersim"
	"github.com/fairlead/fairlead/infra/local"
)

// The delays of the simulator's faults under the template's short times, which are twenty times shorter, in
// milliseconds.
const (
	shortSlow = 45_000 / 20
	shortLate = 10_000 / 20
	shortLag  = 60_000 / 20
)

// simulator makes the carrier simulator, which keeps its journal on disk.
func simulator(short bool, seed uint64) func(dir string, log *slog.Logger) (local.Simulator, error) {
	return func(dir string, log *slog.Logger) (local.Simulator, error) {
		opt := carriersim.Options{Data: filepath.Join(dir, "journal.jsonl"), Seed: seed, Log: log}
		if short {
			opt.Settings = carriersim.Settings{SlowMS: shortSlow, LateMS: shortLate, FaultLagMS: shortLag}
		}
		return carriersim.Open(opt)
	}
}

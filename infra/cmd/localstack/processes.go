package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process is a process of this machine; its start tells it from another one that got its id later.
type process struct {
	pid, parent int
	start       string
}

// descendants are all processes that a process started, and those that they started.
func descendants(pid int) []process {
	var all []process
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		if p, ok := stat(f); ok {
			all = append(all, p)
		}
	}
	family := map[int]bool{pid: true}
	var out []process
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if family[p.parent] && !family[p.pid] {
				family[p.pid], grown = true, true
				out = append(out, p)
			}
		}
	}
	return out
}

// lives tells whether it still runs.
func (p process) lives() bool {
	now, ok := stat("/proc/" + strconv.Itoa(p.pid) + "/stat")
	return ok && now.start == p.start
}

// stat reads what the kernel says of a process. Its name, in brackets, may hold anything.
func stat(file string) (process, bool) {
	raw, err := os.ReadFile(file)
	name := strings.LastIndexByte(string(raw), ')')
	if err != nil || name < 0 {
		return process{}, false
	}
	fields := strings.Fields(string(raw[name+1:]))
	if len(fields) < 20 {
		return process{}, false
	}
	pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	if err != nil {
		return process{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return process{pid, parent, fields[19]}, err == nil
}

package boot

import (
	"runtime/debug"
	"strconv"
)

// collectLess is how much a function's heap may grow before its garbage is collected, in percent of what is in use.
const collectLess = 400

// useMemory lets a function use the memory that Lambda bills anyway: its garbage is collected less often while there is
// room, and hard before the room ends. GOGC and GOMEMLIMIT have the last word.
func useMemory(vars map[string]string) {
	limit := memoryLimit(vars["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
	if limit == 0 || vars["GOGC"] != "" || vars["GOMEMLIMIT"] != "" {
		return
	}
	debug.SetGCPercent(collectLess)
	debug.SetMemoryLimit(limit)
}

// memoryLimit is how many bytes Go may use of a function's megabytes; the rest is for what it does not count. 0 is
// outside Lambda.
func memoryLimit(megabytes string) int64 {
	n, err := strconv.ParseInt(megabytes, 10, 32)
	if err != nil || n <= 0 {
		return 0
	}
	return n << 20 / 10 * 8
}

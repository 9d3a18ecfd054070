package runtime

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

// logFile takes what the processes of one function write.
type logFile struct {
	*os.File
	folder string
	tee    func(folder, line string)
}

// output is where a new process writes: the file itself, or a copy of it line by line when somebody watches.
func (l *logFile) output() io.Writer {
	if l.tee == nil {
		return l.File
	}
	return &lines{log: l}
}

// note adds a line of the platform's own, as Lambda puts into a function's log.
func (l *logFile) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	_, _ = l.WriteString(line + "\n")
	if l.tee != nil {
		l.tee(l.folder, line)
	}
}

// lines writes through to the log and hands each complete line on.
type lines struct {
	log *logFile
	mu  sync.Mutex
	buf []byte
}

func (w *lines) Write(p []byte) (int, error) {
	n, err := w.log.File.Write(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = append(w.buf, p...)
	for {
		end := bytes.IndexByte(w.buf, '\n')
		if end < 0 {
			return n, err
		}
		w.log.tee(w.log.folder, string(w.buf[:end]))
		w.buf = w.buf[end+1:]
	}
}

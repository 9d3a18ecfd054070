package dynamotest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// readyWithin is how long the database may take to answer.
const readyWithin = 20 * time.Second

// start runs the database and returns its URL. A free port may be taken by somebody else between the choice and
// the start, so there are three tries.
func start() (string, error) {
	binary, err := find()
	if err != nil {
		return "", err
	}
	var last error
	for range 3 {
		port, err := freePort()
		if err != nil {
			return "", err
		}
		url, err := run(binary, port)
		if err == nil {
			return url, nil
		}
		last = err
	}
	return "", last
}

// find looks for the binary in the repository the test runs in.
func find() (string, error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, "infra", "local", "node_modules", "@dynoxide", "linux-x64", "dynoxide")
	if _, err := os.Stat(binary); err != nil {
		return "", errors.New("dynoxide is not installed: run `npm ci --prefix infra/local` (make test does it)")
	}
	return binary, nil
}

// root is the directory with go.mod above the test's own.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory: run the tests with go test")
		}
		dir = parent
	}
}

func run(binary string, port int) (string, error) {
	log := &output{}
	cmd := exec.Command(binary, "serve", "--host", "127.0.0.1", "-p", strconv.Itoa(port))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel ties "die with the parent" to the thread that forked. This goroutine keeps its thread until the
		// database has ended, so that it ends with the test binary and not before.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return "", err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	if err := ready(url, ended); err != nil {
		_ = cmd.Process.Kill()
		<-ended
		return "", fmt.Errorf("%w: %s", err, log)
	}
	return url, nil
}

// ready waits until the database answers HTTP, whatever the status.
func ready(url string, ended <-chan struct{}) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(readyWithin)
	client := &http.Client{Timeout: time.Second}
	for {
		resp, err := client.Get(url)
		if err == nil {
			// On a port that somebody else was quicker to take, it is somebody else who answers.
			_ = resp.Body.Close()
			select {
			case <-ended:
			case <-time.After(20 * time.Millisecond):
				return nil
			}
		}
		select {
		case <-ended:
			return errors.New("it ended while starting")
		case <-late:
			return fmt.Errorf("it did not answer within %s", readyWithin)
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// output keeps what the database says, for the error when it does not start.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write keeps the first 8 KB.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() < 8<<10 {
		o.buf.Write(p)
	}
	return len(p), nil
}

// String is what it said so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

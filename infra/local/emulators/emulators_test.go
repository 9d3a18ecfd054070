package emulators

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/infra/local/child"
)

func TestEmulators(t *testing.T) {
	tools, err := Find("..")
	if err != nil {
		t.Fatal(err)
	}
	s := child.NewSpawner()
	t.Cleanup(s.Close)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })

	t.Run("answer on loopback and end when stopped", func(t *testing.T) {
		db, err := tools.DynamoDB(t.Context(), s, t.TempDir(), 0, log)
		if err != nil {
			t.Fatal(err)
		}
		q, err := tools.QueuesAndBuckets(t.Context(), s, t.TempDir(), 0, log)
		if err != nil {
			db.Stop()
			t.Fatal(err)
		}
		for _, e := range []*Emulator{db, q} {
			for _, addr := range listening(t, e.Pid()) {
				if !strings.HasPrefix(addr, "0100007F:") {
					t.Errorf("%s listens on %s (hexadecimal), not on loopback", e.Name, addr)
				}
			}
			e.Stop()
			<-e.Done()
		}
	})
	t.Run("a port in use is named", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		_, err = tools.DynamoDB(t.Context(), s, t.TempDir(), l.Addr().(*net.TCPAddr).Port, log)
		if err == nil || !strings.Contains(err.Error(), "is in use") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("missing programs say what to run", func(t *testing.T) {
		_, err := Find(t.TempDir())
		if err == nil || !strings.Contains(err.Error(), "npm ci") {
			t.Errorf("error = %v", err)
		}
	})
}

// listening lists the local addresses of the TCP sockets a process listens on, as the kernel writes them.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	inodes := map[string]bool{}
	fds, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		link, _ := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	var out []string
	for _, file := range []string{"tcp", "tcp6"} {
		raw, err := os.ReadFile(filepath.Join(dir, "net", file))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(raw)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && inodes[f[9]] {
				out = append(out, f[1])
			}
		}
	}
	if len(out) == 0 {
		t.Fatal("no listening socket found")
	}
	return out
}

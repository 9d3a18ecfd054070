package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fairlead/fairlead/infra/local/child"
)

const (
	image       = "localstack/localstack:4.14.0" // the last that needs no account
	address     = "127.0.0.1:4566"               // where a command starts it
	readyWithin = 10 * time.Minute               // a command may have to install it first
	stopWithin  = 20 * time.Second
)

// instance is a LocalStack that answers. stop is nil for one that was not started here.
type instance struct {
	url, version, how string
	stop              func() error
}

func (i *instance) close() error {
	if i.stop == nil {
		return nil
	}
	return i.stop()
}

// open finds what the user has: a LocalStack that runs, else Docker with its image, else a command.
func open(ctx context.Context, has setting, out io.Writer) (*instance, error) {
	if has.url != "" {
		version, err := health(ctx, has.url)
		if err != nil {
			return nil, &missing{fmt.Sprintf("LOCALSTACK_URL is %s, where no LocalStack answers (%v).", has.url, err)}
		}
		return &instance{url: has.url, version: version, how: "which ran already"}, nil
	}
	noDocker := dockerHas(ctx)
	if noDocker == nil {
		return byDocker(ctx, out)
	}
	if has.command == "" {
		return nil, &missing{fmt.Sprintf("There is no LocalStack here: LOCALSTACK_URL and FAIRLEAD_LOCALSTACK are not set, and %v.", noDocker)}
	}
	return byCommand(ctx, has.command, address, out)
}

// dockerHas tells why Docker can't be used.
func dockerHas(ctx context.Context) error {
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New("docker is not on the PATH")
	}
	if err := exec.CommandContext(ctx, "docker", "info").Run(); err != nil {
		return errors.New("no Docker engine answers (docker info)")
	}
	if err := exec.CommandContext(ctx, "docker", "image", "inspect", image).Run(); err != nil {
		return errors.New("the Docker engine has no image " + image)
	}
	return nil
}

// byDocker runs LocalStack's image on a free port of loopback.
func byDocker(ctx context.Context, out io.Writer) (*instance, error) {
	docker := func(args ...string) (string, error) {
		said, err := exec.Command("docker", args...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("docker %s: %w\n%s", args[0], err, said)
		}
		return strings.TrimSpace(string(said)), nil
	}
	name := fmt.Sprintf("fairlead-localstack-%d", os.Getpid())
	stop := func() error { _, err := docker("rm", "--force", "--volumes", name); return err }
	if _, err := docker("run", "--detach", "--name", name, "--publish", "127.0.0.1::4566", image); err != nil {
		_ = stop()
		return nil, err
	}
	_, _ = fmt.Fprintf(out, "started the container %s of %s\n", name, image)
	at, err := docker("port", name, "4566/tcp")
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return ready(ctx, "http://"+strings.Fields(at)[0], "the container "+name, nil, stop)
}

// byCommand runs a command that starts LocalStack in the foreground, on an address that nobody else may have.
func byCommand(ctx context.Context, command, address string, out io.Writer) (*instance, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s is in use, where %s would start LocalStack: stop what listens there; if it is a LocalStack, LOCALSTACK_URL=http://%s takes it", address, command, address)
	}
	_ = l.Close()
	program, err := exec.LookPath(command)
	if err != nil {
		return nil, &missing{fmt.Sprintf("FAIRLEAD_LOCALSTACK is %s, which can't be run (%v).", command, err)}
	}
	dir, err := filepath.Abs(filepath.Join(".fairlead", "localstack"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	spawner := child.NewSpawner()
	p, err := spawner.Start(child.Spec{Path: program, Args: []string{filepath.Join(dir, "files")}, Env: os.Environ(), Out: log})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	_, _ = fmt.Fprintf(out, "started %s, process %d; it may have to install LocalStack first; its log is %s\n", program, p.Pid(), log.Name())
	stop := func() error {
		end(p)
		spawner.Close()
		return log.Close()
	}
	at, err := ready(ctx, "http://"+address, "which "+program+" started", p.Done(), stop)
	if err != nil {
		return nil, fmt.Errorf("%w; its log is %s", err, log.Name())
	}
	return at, nil
}

// end stops a process and all that it started, whatever sessions these made for themselves: LocalStack's own services
// do not end with it when it is killed.
func end(p *child.Process) {
	all := descendants(p.Pid())
	p.Stop(stopWithin)
	for _, d := range all {
		if d.lives() {
			_ = syscall.Kill(d.pid, syscall.SIGKILL)
		}
	}
}

// ready waits until a LocalStack answers, and stops it when it does not.
func ready(ctx context.Context, url, how string, ended <-chan struct{}, stop func() error) (*instance, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		version, err := health(ctx, url)
		if err == nil {
			return &instance{url, version, how, stop}, nil
		}
		select {
		case <-tick.C:
			continue
		case <-ended:
			err = errors.New("LocalStack ended while starting")
		case <-ctx.Done():
			err = fmt.Errorf("LocalStack does not answer at %s: %w", url, err)
		}
		return nil, errors.Join(err, stop())
	}
}

// health asks a LocalStack for its version.
func health(ctx context.Context, url string) (version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_localstack/health", nil)
	if err != nil {
		return "", err
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var is struct{ Version string }
	if err := json.NewDecoder(resp.Body).Decode(&is); err != nil || is.Version == "" {
		return "", errors.New("what answers is no LocalStack")
	}
	return is.Version, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// baseImage is what sam local builds its containers from.
const baseImage = "public.ecr.aws/lambda/provided:al2023-x86_64"

const stopWithin = 30 * time.Second

// findSAM looks for the SAM command line: the one that is named, the one that `make sam-tools` installed, or any.
func findSAM(dir string) (string, error) {
	if named := os.Getenv("FAIRLEAD_SAM"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", &missing{fmt.Sprintf("FAIRLEAD_SAM is %s, which can't be run: %v", named, err)}
		}
		return filepath.Abs(path)
	}
	if own := filepath.Join(dir, "venv", "bin", "sam"); exec.Command(own, "--version").Run() == nil {
		return own, nil
	}
	path, err := exec.LookPath("sam")
	if err != nil {
		return "", &missing{"the SAM command line is not here: `make sam-tools` installs it (it needs python3 and a package index), or name it with FAIRLEAD_SAM"}
	}
	return path, nil
}

// engine is a Docker engine that answers.
type engine struct {
	gateway  string // where containers find this machine
	hasImage bool   // sam need not pull the base image
	pid      int    // of an engine that was started here, else 0
}

// openDocker takes the engine that runs. Where FAIRLEAD_SAM_IMAGE names a command, that command is run first: it brings
// the base image where none can be pulled, and an engine where none runs, whose process id it leaves in dockerd.pid.
func openDocker(ctx context.Context, dir string, say func(string, ...any)) (*engine, error) {
	e := &engine{}
	if command := os.Getenv("FAIRLEAD_SAM_IMAGE"); command != "" {
		if err := e.bring(ctx, command, filepath.Join(dir, "engine"), say); err != nil {
			return nil, errors.Join(err, e.close())
		}
	}
	if said, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return nil, errors.Join(&missing{fmt.Sprintf("no Docker engine answers (docker info: %v %s): start one, or name a command that does with FAIRLEAD_SAM_IMAGE", err, lines[len(lines)-1])}, e.close())
	}
	out, err := exec.CommandContext(ctx, "docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").Output()
	if e.gateway = strings.TrimSpace(string(out)); err != nil || e.gateway == "" {
		return nil, errors.Join(fmt.Errorf("docker network inspect bridge names no gateway: %q, %w", out, err), e.close())
	}
	e.hasImage = exec.CommandContext(ctx, "docker", "image", "inspect", baseImage).Run() == nil
	return e, nil
}

// bring runs the command that brings engine and image.
func (e *engine) bring(ctx context.Context, command, dir string, say func(string, ...any)) error {
	path, err := exec.LookPath(command)
	if err != nil {
		return &missing{fmt.Sprintf("FAIRLEAD_SAM_IMAGE is %s, which can't be run: %v", command, err)}
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	pidFile := filepath.Join(dir, "dockerd.pid")
	if err := os.Remove(pidFile); err != nil && !os.IsNotExist(err) {
		return err
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Dir, cmd.WaitDelay = dir, time.Second // the engine keeps the output open
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	failed := errors.Join(cmd.Run(), log.Close())
	if raw, err := os.ReadFile(pidFile); err == nil {
		if e.pid, err = strconv.Atoi(strings.TrimSpace(string(raw))); err != nil {
			return err
		}
		say("started a Docker engine, process %d, by %s", e.pid, path)
	}
	if failed != nil {
		return &missing{fmt.Sprintf("%s failed (%v); what it said is in %s", path, failed, log.Name())}
	}
	return nil
}

// close ends the engine, if it was started here, and waits until it is gone.
func (e *engine) close() error {
	if e.pid == 0 {
		return nil
	}
	if err := syscall.Kill(e.pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the Docker engine, process %d: %w", e.pid, err)
	}
	for deadline := time.Now().Add(stopWithin); ; {
		if errors.Is(syscall.Kill(e.pid, 0), syscall.ESRCH) || ended(e.pid) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the Docker engine, process %d, did not end within %v", e.pid, stopWithin)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ended tells whether a process has ended and nobody has asked how yet, which is all that is left of an orphan where
// the first process of the machine collects none.
func ended(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, found := strings.Cut(string(raw), ") ")
	return err == nil && found && strings.HasPrefix(after, "Z")
}

// build validates and builds the template for this machine's processor.
func build(ctx context.Context, sam string, say func(string, ...any)) error {
	for _, step := range []struct {
		says string
		env  string
		args []string
	}{
		{"sam validate --lint: the template is valid", "", []string{"validate", "--lint"}},
		{"sam build: every function is built", "LAMBDA_GOARCH=amd64", []string{"build", "--config-env", "local"}},
	} {
		cmd := command(ctx, sam, step.args...)
		if step.env != "" {
			cmd.Env = append(cmd.Env, step.env)
		}
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("sam %s: %w\n%s", strings.Join(step.args, " "), err, said)
		}
		say("%s", step.says)
	}
	return nil
}

// command is a call of sam. It is interrupted as from a terminal, so that it removes its containers.
func command(ctx context.Context, sam string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, sam, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 20 * time.Second
	cmd.Env = append(os.Environ(), "SAM_CLI_TELEMETRY=0", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_DEFAULT_REGION=us-east-1")
	return cmd
}

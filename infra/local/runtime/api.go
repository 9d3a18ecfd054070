package runtime

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

const apiVersion = "/2018-06-01/runtime/"

// ServeHTTP is the Lambda Runtime API. The path begins with the instance's id, because the API itself does not
// say who asks; the client in the functions takes the host, port and prefix as one string.
func (r *Runtime) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	id, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/")
	call, found := strings.CutPrefix("/"+rest, apiVersion)
	r.mu.Lock()
	i := r.instances[id]
	r.mu.Unlock()
	if i == nil || !found {
		http.Error(w, `{"errorType":"InvalidPath"}`, http.StatusNotFound)
		return
	}
	switch {
	case call == "invocation/next" && req.Method == http.MethodGet:
		i.next(w, req)
	case call == "init/error" && req.Method == http.MethodPost:
		body, _ := io.ReadAll(io.LimitReader(req.Body, MaxPayload))
		i.mu.Lock()
		i.init = body
		i.mu.Unlock()
		accepted(w)
	case req.Method == http.MethodPost:
		invocationID, what, _ := strings.Cut(strings.TrimPrefix(call, "invocation/"), "/")
		i.answer(w, req, invocationID, what)
	default:
		http.Error(w, `{"errorType":"InvalidPath"}`, http.StatusNotFound)
	}
}

// next waits for an invocation and hands it to the process.
func (i *instance) next(w http.ResponseWriter, req *http.Request) {
	if !i.ready() {
		http.Error(w, `{"errorType":"InvalidStateTransition"}`, http.StatusForbidden)
		return
	}
	var inv *invocation
	select {
	case inv = <-i.work:
	case <-req.Context().Done():
		return
	}
	deadline := i.begin(inv)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", i.p.r.ARN(i.p.f.Name))
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-"+strconv.FormatInt(deadline.Unix(), 16)+"-"+strings.ReplaceAll(inv.id, "-", "")[:24]+";Sampled=0")
	_, _ = w.Write(inv.payload) // a process that cannot read it has died, and watch sees that
}

// answer takes the response or the error of an invocation.
func (i *instance) answer(w http.ResponseWriter, req *http.Request, id, what string) {
	if what != "response" && what != "error" {
		http.Error(w, `{"errorType":"InvalidPath"}`, http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, MaxPayload+1))
	if err != nil {
		http.Error(w, `{"errorType":"TruncatedResponse"}`, http.StatusBadRequest)
		return
	}
	res := Result{Payload: body}
	tooLarge := len(body) > MaxPayload
	switch {
	case tooLarge:
		_, _ = io.Copy(io.Discard, req.Body)
		res = Result{FunctionError: "Unhandled", Payload: errorPayload("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")}
	case what == "error":
		res.FunctionError = "Unhandled"
	}
	if !i.end(id, res) {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	if tooLarge {
		http.Error(w, `{"errorType":"RequestEntityTooLarge"}`, http.StatusRequestEntityTooLarge)
		return
	}
	accepted(w)
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

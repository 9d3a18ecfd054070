package local

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fairlead/fairlead/infra/local/runtime"
)

// admin is what operators and tests use: Lambda's Invoke API, and the state of the stack under /_local/.
func (s *Stack) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", s.invoke)
	mux.HandleFunc("GET /_local/instances", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Runtime.Instances()) })
	mux.HandleFunc("PUT /_local/functions/{name}/most/{processes}", s.limit)
	mux.HandleFunc("PUT /_local/functions/{name}/program", s.replace)
	mux.HandleFunc("GET /_local/served", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Runtime.Served()) })
	mux.HandleFunc("GET /_local/starts", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.starts()) })
	mux.HandleFunc("GET /_local/stack", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Where) })
	return mux
}

// limit bounds how many processes a function may have from now on; a measurement holds one part back with it.
func (s *Stack) limit(w http.ResponseWriter, r *http.Request) {
	name, ok := s.functionName(r.PathValue("name"))
	most, err := strconv.Atoi(r.PathValue("processes"))
	if !ok || err != nil || most < 1 {
		http.Error(w, "want the name of a function and a number of processes, 1 or more", http.StatusBadRequest)
		return
	}
	s.Runtime.Limit(name, most)
	writeJSON(w, map[string]int{"most": most})
}

// Program says what a function runs from now on: the program of its name in the folder Bin, under the name of a Version.
type Program struct {
	Bin     string `json:"bin"`
	Version string `json:"version"`
}

// replace has a function run another program from now on, as an upgrade does.
func (s *Stack) replace(w http.ResponseWriter, r *http.Request) {
	name, ok := s.functionName(r.PathValue("name"))
	var to Program
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&to)
	if !ok || err != nil || to.Bin == "" || to.Version == "" {
		http.Error(w, `want the name of a function and {"bin": "a folder", "version": "a name"}`, http.StatusBadRequest)
		return
	}
	if err := s.Runtime.Replace(name, to.Bin, to.Version); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, to)
}

// starts gives, by function, the milliseconds from each process start to its first request for an invocation.
func (s *Stack) starts() map[string][]float64 {
	out := map[string][]float64{}
	for name, times := range s.Runtime.Starts() {
		for _, t := range times {
			out[name] = append(out[name], float64(t.Microseconds())/1000)
		}
	}
	return out
}

// invoke is Lambda's Invoke API, for RequestResponse and Event. A function may be named as deployed, by its ARN,
// by its folder or by its logical id.
func (s *Stack) invoke(w http.ResponseWriter, r *http.Request) {
	name, ok := s.functionName(r.PathValue("name"))
	if !ok {
		lambdaError(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+r.PathValue("name"))
		return
	}
	payload, err := io.ReadAll(io.LimitReader(r.Body, runtime.MaxPayload+1))
	if err != nil {
		lambdaError(w, http.StatusBadRequest, "InvalidRequestContentException", err.Error())
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) && len(payload) <= runtime.MaxPayload {
		lambdaError(w, http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json")
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	switch r.Header.Get("X-Amz-Invocation-Type") {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return
	case "Event":
		go func() { // Lambda would retry a failed one twice; here the log tells
			if res, err := s.Runtime.Invoke(context.WithoutCancel(r.Context()), name, payload); err != nil || res.FunctionError != "" {
				s.cfg.Log.Warn("event invocation failed", "function", name, "answer", string(res.Payload), "error", err)
			}
		}()
		w.WriteHeader(http.StatusAccepted)
		return
	}
	res, err := s.Runtime.Invoke(r.Context(), name, payload)
	switch {
	case errors.Is(err, runtime.ErrTooLarge):
		lambdaError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	case err != nil:
		lambdaError(w, http.StatusInternalServerError, "ServiceException", err.Error())
	default:
		if res.FunctionError != "" {
			w.Header().Set("X-Amz-Function-Error", res.FunctionError)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(res.Payload)
	}
}

func (s *Stack) functionName(given string) (string, bool) {
	if at := strings.LastIndex(given, ":function:"); at >= 0 {
		given = given[at+len(":function:"):]
	}
	given, _, _ = strings.Cut(given, ":") // a version or alias
	for _, f := range s.Template.Functions {
		if given == f.Name || given == f.Folder || given == f.LogicalID {
			return f.Name, true
		}
	}
	return "", false
}

// Invoke runs a function that has no route, by its folder, and decodes what it answers into out.
func (s *Stack) Invoke(ctx context.Context, folder string, in, out any) error {
	name, ok := s.functionName(folder)
	if !ok {
		return errors.New("the template has no function " + folder)
	}
	payload, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	res, err := s.Runtime.Invoke(ctx, name, payload)
	if err != nil {
		return err
	}
	if res.FunctionError != "" {
		return errors.New(folder + " failed: " + string(res.Payload))
	}
	return json.Unmarshal(res.Payload, out)
}

func lambdaError(w http.ResponseWriter, status int, typ, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", typ)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": message})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

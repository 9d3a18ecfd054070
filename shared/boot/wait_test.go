package boot

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/obs"
)

func TestAWSCallsAreTimed(t *testing.T) {
	const slow, tries = 30 * time.Millisecond, 2
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(slow) // the time that is to be measured
		if calls++; calls < tries {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"TableNames":[]}`))
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"} {
		t.Setenv(name, value)
	}
	app, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	ctx, unit := obs.Begin(t.Context())
	began := time.Now()
	if _, err := dynamodb.NewFromConfig(app.AWS()).ListTables(ctx, &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
	most := time.Since(began)
	unit.End(ctx, slog.New(slog.NewJSONHandler(&log, nil)), slog.LevelInfo, "work")
	var line struct {
		AWS int64 `json:"aws_ms"`
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if waited := time.Duration(line.AWS) * time.Millisecond; waited < tries*slow || waited > most {
		t.Errorf("%v of %v is said to have been waited, want at least %v", waited, most, tries*slow)
	}
}

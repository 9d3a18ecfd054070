package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/fairlead/fairlead/infra/local/runtime"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// Invoke calls a function as an operator does, by the Lambda Invoke API, and decodes what it answers into out.
func (s *Stack) Invoke(ctx context.Context, function string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return s.admin(ctx, http.MethodPost, "/2015-03-31/functions/"+function+"/invocations", body, out)
}

// Instances lists the function processes that run.
func (s *Stack) Instances(ctx context.Context) ([]runtime.Info, error) {
	var out []runtime.Info
	return out, s.admin(ctx, http.MethodGet, "/_local/instances", nil, &out)
}

// Limit bounds how many processes a function may have from now on.
func (s *Stack) Limit(ctx context.Context, function string, most int) error {
	return s.admin(ctx, http.MethodPut, fmt.Sprintf("/_local/functions/%s/most/%d", function, most), nil, &struct{}{})
}

func (s *Stack) admin(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.Where().Admin+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || resp.Header.Get("X-Amz-Function-Error") != "") {
		err = fmt.Errorf("%s failed", path)
	}
	if err == nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return fmt.Errorf("%w: %d %s", err, resp.StatusCode, answer)
	}
	return nil
}

const region = "us-east-1"

func login() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("local", "local", "")
}

// Database is the SDK's client of the stack's DynamoDB, until a restart.
func (s *Stack) Database() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: aws.String(s.Where().DynamoDB), Credentials: login()})
}

// Queues is the SDK's client of the stack's SQS, until a restart.
func (s *Stack) Queues() *sqs.Client {
	return sqs.New(sqs.Options{Region: region, BaseEndpoint: aws.String(s.Where().SQS), Credentials: login()})
}

// QueueURL finds a queue by its role.
func QueueURL(ctx context.Context, client *sqs.Client, role string) (string, error) {
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("fairlead-" + role)})
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", role, err)
	}
	return *out.QueueUrl, nil
}

// Store reads the stack's own tables, until a restart.
func (s *Stack) Store(ctx context.Context) (*dynamo.Store, error) {
	db := s.Database()
	out, err := db.ListTables(ctx, &dynamodb.ListTablesInput{})
	if err != nil {
		return nil, err
	}
	st := &dynamo.Store{DB: db, Now: time.Now}
	for _, name := range out.TableNames {
		switch {
		case strings.HasSuffix(name, "-shipments"):
			st.Tables.Shipments = name
		case strings.HasSuffix(name, "-documents"):
			st.Tables.Documents = name
		case strings.HasSuffix(name, "-deliveries"):
			st.Tables.Deliveries = name
		case strings.HasSuffix(name, "-accounts"):
			st.Tables.Accounts = name
		case strings.HasSuffix(name, "-requests"):
			st.Tables.Requests = name
		}
	}
	return st, nil
}

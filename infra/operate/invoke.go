package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/fairlead/fairlead/infra/local"
)

// invoker calls a function by its folder and returns its answer.
type invoker func(ctx context.Context, function string, in any) ([]byte, error)

// target is which deployment is operated.
type target struct {
	data, stack string
	aws         bool
}

func (at *target) register(f *flag.FlagSet) {
	f.StringVar(&at.data, "data", defaultData, "data folder of the local stack; while it runs, its stack.json is there")
	f.StringVar(&at.stack, "stack", "", "work on the stack of this name on AWS, instead of the local one")
	f.BoolVar(&at.aws, "aws", false, "work on stack fairlead on AWS")
}

// localName is the name of a stack that runs here, and the default on AWS.
const localName = "fairlead"

// defaultData is where make run keeps its data.
const defaultData = ".fairlead"

// again are the flags with which another command works on the same deployment.
func (at *target) again() string {
	switch {
	case at.stack != "":
		return " -stack " + at.stack
	case at.aws:
		return " -aws"
	case at.data != defaultData:
		return fmt.Sprintf(" -data %q", at.data)
	}
	return ""
}

// patience is how long one call may take: a function's time and some.
const patience = 3 * time.Minute

// connect finds, and says in words, where functions are invoked: on AWS or at AWS_ENDPOINT_URL_LAMBDA when that is asked for,
// else on the local stack. Nobody who means this machine is to change what runs on AWS.
func (at *target) connect(ctx context.Context, w World) (call invoker, where string, err error) {
	if w.Env("AWS_ENDPOINT_URL_LAMBDA") == "" && !at.aws && at.stack == "" {
		url, ok := localStack(at.data)
		if !ok {
			return nil, "", fmt.Errorf("no local stack runs: %s is not there. Start `make run`, name its folder with -data, or say with -stack or -aws that a stack on AWS is meant", filepath.Join(at.data, "stack.json"))
		}
		client := lambda.New(lambda.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), RetryMaxAttempts: 1})
		where = "the local stack at " + url
		return at.invoker(client, localName, where), where, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("the AWS configuration can't be read: %w", err)
	}
	if cfg.Region == "" {
		return nil, "", errors.New("no AWS region is configured: set AWS_REGION and credentials")
	}
	// A call is never repeated by itself: who asked twice would be in the audit twice.
	client := lambda.NewFromConfig(cfg, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
	name := cmp.Or(at.stack, localName)
	where = "stack " + name + " in " + cfg.Region
	return at.invoker(client, name, where), where, nil
}

// localStack is the Invoke API of a stack that runs here.
func localStack(data string) (string, bool) {
	raw, err := os.ReadFile(filepath.Join(data, "stack.json"))
	var where local.Where
	if err != nil || json.Unmarshal(raw, &where) != nil || where.Admin == "" {
		return "", false
	}
	return where.Admin, true
}

func (at *target) invoker(client *lambda.Client, stack, where string) invoker {
	return func(ctx context.Context, function string, in any) ([]byte, error) {
		payload, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(stack + "-" + function), Qualifier: aws.String("live"), Payload: payload})
		if err != nil {
			return nil, unreachable(err, function, where)
		}
		if aws.ToString(out.FunctionError) != "" {
			return nil, told(out.Payload, function)
		}
		return out.Payload, nil
	}
}

// told is the error of a function in its own words.
func told(payload []byte, function string) error {
	var e struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(payload, &e) != nil || e.Message == "" {
		return fmt.Errorf("%s failed: %s", function, payload)
	}
	return errors.New(e.Message)
}

// unreachable says what to do about a call that did not come through.
func unreachable(err error, function, where string) error {
	refused, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok && refused.ErrorCode() == "ResourceNotFoundException":
		return fmt.Errorf("%s has no function %s: is the name of the stack right (-stack), and is this version deployed?", where, function)
	case ok && refused.ErrorCode() == "AccessDeniedException":
		return fmt.Errorf("you may not invoke %s of %s: your principal needs lambda:InvokeFunction on it. %s", function, where, refused.ErrorMessage())
	case ok:
		return fmt.Errorf("%s of %s: %w", function, where, err)
	}
	return fmt.Errorf("%s of %s could not be reached, or did not answer in time; does it run? What it did is in the audit (`make ops ARGS=audit`): %w", function, where, err)
}

package template

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A property that is misspelled is an error in a deployment, after minutes, and would be ignored here: the types
// that this package reads have only the properties that AWS documents for them (the SAM specification and the
// CloudFormation reference, read on 2026-11-22). What is below a property is checked where this package reads it.
var properties = map[string]string{
	"AWS::Serverless::Function": "Architectures AssumeRolePolicyDocument AutoPublishAlias AutoPublishAliasAllProperties AutoPublishCodeSha256 " +
		"CapacityProviderConfig CodeSigningConfigArn CodeUri DeadLetterQueue DeploymentPreference Description DurableConfig Environment EphemeralStorage " +
		"EventInvokeConfig Events FileSystemConfigs FunctionName FunctionScalingConfig FunctionUrlConfig Handler ImageConfig ImageUri InlineCode KmsKeyArn " +
		"Layers LoggingConfig MemorySize PackageType PermissionsBoundary Policies PropagateTags ProvisionedConcurrencyConfig PublishToLatestPublished " +
		"RecursiveLoop ReservedConcurrentExecutions Role RolePath Runtime RuntimeManagementConfig SnapStart SourceKMSKeyArn Tags TenancyConfig Timeout " +
		"Tracing VersionDeletionPolicy VersionDescription VpcConfig",
	"AWS::Serverless::Api": "AccessLogSetting AlwaysDeploy ApiKeySourceType Auth BinaryMediaTypes CacheClusterEnabled CacheClusterSize CanarySetting Cors " +
		"DefinitionBody DefinitionUri Description DisableExecuteApiEndpoint Domain EndpointAccessMode EndpointConfiguration FailOnWarnings GatewayResponses " +
		"MergeDefinitions MethodSettings MinimumCompressionSize Mode Models Name OpenApiVersion Policy PropagateTags SecurityPolicy StageName Tags TracingEnabled Variables",
	"AWS::DynamoDB::Table": "AttributeDefinitions BillingMode ContributorInsightsSpecification DeletionProtectionEnabled GlobalSecondaryIndexes " +
		"ImportSourceSpecification KeySchema KinesisStreamSpecification LocalSecondaryIndexes OnDemandThroughput PointInTimeRecoverySpecification " +
		"ProvisionedThroughput ResourcePolicy SSESpecification StreamSpecification TableClass TableName Tags TimeToLiveSpecification WarmThroughput",
	"AWS::SQS::Queue": "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit KmsDataKeyReusePeriodSeconds KmsMasterKeyId " +
		"MaximumMessageSize MessageRetentionPeriod QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags VisibilityTimeout",
	"AWS::S3::Bucket": "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName BucketNamePrefix BucketNamespace " +
		"CorsConfiguration IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration LoggingConfiguration MetadataConfiguration " +
		"MetadataTableConfiguration MetricsConfigurations NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls " +
		"PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration",
	"AWS::KMS::Key":       "BypassPolicyLockoutSafetyCheck Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion Origin PendingWindowInDays RotationPeriodInDays Tags",
	"AWS::Logs::LogGroup": "BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName ResourcePolicyDocument RetentionInDays Tags",
	"AWS::IAM::Role":      "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies RoleName Tags",
	// Known, and nothing here depends on them.
	"AWS::KMS::Alias":                   "AliasName TargetKeyId",
	"AWS::S3::BucketPolicy":             "Bucket PolicyDocument",
	"AWS::SQS::QueuePolicy":             "PolicyDocument Queues",
	"AWS::IAM::ManagedPolicy":           "",
	"AWS::IAM::Policy":                  "",
	"AWS::Logs::MetricFilter":           "",
	"AWS::Serverless::Application":      "",
	"AWS::Serverless::HttpApi":          "",
	"AWS::Serverless::Connector":        "",
	"AWS::Serverless::LayerVersion":     "",
	"AWS::Serverless::SimpleTable":      "",
	"AWS::Serverless::StateMachine":     "",
	"AWS::Serverless::GraphQLApi":       "",
	"AWS::Serverless::CapacityProvider": "",
}

// below are the names that may stand under a property, by type and path; under "[]" they are those of each item.
var below = map[string]map[string]string{
	"AWS::DynamoDB::Table": {
		"StreamSpecification":              "ResourcePolicy StreamViewType",
		"TimeToLiveSpecification":          "AttributeName Enabled",
		"PointInTimeRecoverySpecification": "PointInTimeRecoveryEnabled RecoveryPeriodInDays",
		"AttributeDefinitions[]":           "AttributeName AttributeType",
		"KeySchema[]":                      "AttributeName KeyType",
		"GlobalSecondaryIndexes[]":         "ContributorInsightsSpecification IndexName KeySchema OnDemandThroughput Projection ProvisionedThroughput WarmThroughput",
	},
	"AWS::SQS::Queue": {"RedrivePolicy": "deadLetterTargetArn maxReceiveCount"},
	"AWS::Serverless::Function": {
		"Environment":          "Variables",
		"LoggingConfig":        "ApplicationLogLevel LogFormat LogGroup SystemLogLevel",
		"DeploymentPreference": "Alarms Enabled Hooks PassthroughCondition Role TriggerConfigurations Type",
	},
	"AWS::Serverless::Api": {
		"Auth": "AddApiKeyRequiredToCorsPreflight AddDefaultAuthorizerToCorsPreflight ApiKeyRequired Authorizers DefaultAuthorizer InvokeRole ResourcePolicy UsagePlan",
	},
}

// eventProperties are those of the event types that this package reads.
var eventProperties = map[string]string{
	"Api": "Auth Method Path RequestModel RequestParameters ResponseTransferMode RestApiId TimeoutInMillis",
	"SQS": "BatchSize Enabled FilterCriteria FunctionResponseTypes KmsKeyArn MaximumBatchingWindowInSeconds MetricsConfig ProvisionedPollerConfig Queue ScalingConfig",
	"DynamoDB": "BatchSize BisectBatchOnFunctionError DestinationConfig Enabled FilterCriteria FunctionResponseTypes KmsKeyArn MaximumBatchingWindowInSeconds " +
		"MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig ParallelizationFactor StartingPosition StartingPositionTimestamp Stream TumblingWindowInSeconds",
	"Schedule": "DeadLetterConfig Description Enabled Input Name RetryPolicy RoleArn Schedule State",
}

// notHere are the services of whose resources nothing runs on this machine. Of the services that are not named here,
// only the types above are known, so that a misspelled type is told.
var notHere = []string{"ApiGateway", "ApplicationAutoScaling", "Backup", "Budgets", "CertificateManager", "CloudFormation", "CloudFront", "CloudWatch",
	"CodeDeploy", "Events", "Lambda", "Route53", "SNS", "SSM", "Scheduler", "SecretsManager", "WAFv2", "XRay"}

const attributesOfAResource = "Condition Connectors CreationPolicy DeletionPolicy DependsOn IgnoreGlobals Metadata Properties Type UpdatePolicy UpdateReplacePolicy"

// ignored tells whether nothing of a type runs on this machine.
func ignored(typ string) bool {
	parts := strings.Split(typ, "::")
	return len(parts) == 3 && parts[0] == "AWS" && slices.Contains(notHere, parts[1]) || typ == "AWS::Serverless::Application"
}

// known refuses a resource whose type, attributes or properties AWS does not have.
func (r resource) known() error {
	if err := onlyOf(r.all, attributesOfAResource, "a resource", "attribute"); err != nil {
		return err
	}
	names, ok := properties[r.typ]
	if !ok && !ignored(r.typ) {
		return r.all.errorf("resource %s is of type %q, which is not known locally%s", r.id, r.typ, nearest(r.typ, slices.Collect(maps.Keys(properties))))
	}
	if names == "" {
		return nil
	}
	if err := onlyOf(r.props, names, r.typ, "property"); err != nil {
		return err
	}
	for path, names := range below[r.typ] {
		name, each := strings.CutSuffix(path, "[]")
		under := r.props.get(name)
		if under == nil {
			continue
		}
		nodes := []*node{under}
		if each {
			nodes = under.items
		}
		for _, n := range nodes {
			if err := onlyOf(n, names, name, "property"); err != nil {
				return err
			}
		}
	}
	return nil
}

// knownEvent refuses an event with what AWS does not have.
func knownEvent(ev, props *node) error {
	if err := onlyOf(ev, "Properties Type", "an event", "attribute"); err != nil {
		return err
	}
	if names, ok := eventProperties[text(ev.get("Type"))]; ok {
		return onlyOf(props, names, "an event of type "+text(ev.get("Type")), "property")
	}
	return nil
}

// onlyOf refuses a key of n that is not among names.
func onlyOf(n *node, names, owner, kind string) error {
	all := strings.Fields(names)
	for _, f := range n.fields {
		if !slices.Contains(all, f.key) {
			return f.val.errorf("%s has no %s %q%s", owner, kind, f.key, nearest(f.key, all))
		}
	}
	return nil
}

// nearest names what was probably meant, "" when nothing is near.
func nearest(word string, of []string) string {
	slices.Sort(of)
	best := slices.MinFunc(of, func(a, b string) int { return cmp.Compare(distance(word, a), distance(word, b)) })
	if distance(word, best) > max(2, len(word)/4) {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters must be changed, added or taken to make one word of another, case aside.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

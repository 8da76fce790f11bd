package audit

import (
	"encoding/json"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"mislaid/verify"
)

// event reads an event of CloudTrail, and whether it is a call of ours. Our name
// alone does not make it one, since everybody may take it: only the one question
// that we ask counts, which does no harm whoever asks it.
func event(e cttypes.Event, region, agent string) (c verify.AuditCall, ours bool) {
	service, _, _ := strings.Cut(sdk.ToString(e.EventSource), ".")
	c = verify.AuditCall{At: sdk.ToTime(e.EventTime).UTC(), Name: service + ":" + sdk.ToString(e.EventName), Region: region}
	var detail struct {
		SourceIPAddress, UserAgent, ErrorCode, RequestID, AWSRegion string
	}
	if json.Unmarshal([]byte(sdk.ToString(e.CloudTrailEvent)), &detail) == nil {
		c.Source, c.UserAgent, c.Error, c.RequestID = short(detail.SourceIPAddress), short(detail.UserAgent), short(detail.ErrorCode), short(detail.RequestID)
	}
	return c, c.Name == "sts:GetCallerIdentity" && strings.HasPrefix(c.UserAgent, agent+" run/")
}

// short bounds what a caller may write into the log.
func short(s string) string { return s[:min(len(s), 256)] }

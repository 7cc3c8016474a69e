package perbit

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Progress is the answer to GetProgress (perbit 2.2.5, 3.2.6). Look at Faulted first, then at Canceled, then at
// Completed: the flags bear the names of a .NET task's, where Completed is also set for a task that failed, and a
// server may just as well never set it for one.
type Progress struct {
	Completed, Faulted, Canceled bool
	// Message and Value are for display only, as sent but for secrets.
	Message, Value string
}

// Ended tells whether nothing more will happen.
func (p Progress) Ended() bool { return p.Faulted || p.Canceled || p.Completed }

// Percent reads Value as a number from 0 to 100: "33", "33,5", "33.5 %". It is false for anything else.
func (p Progress) Percent() (float64, bool) {
	s := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(p.Value), "%"))
	n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return n, err == nil && n >= 0 && n <= 100
}

// readProgress is lenient about the case of names and the types of values, because the document's text and its
// examples differ. It wants at least one flag.
func readProgress(raw []byte) (Progress, bool) {
	var wire struct {
		IsCompleted, IsFaulted, IsCanceled any
		ProgressMessage, ProgressValue     json.RawMessage
	}
	if json.Unmarshal(trimBOM(raw), &wire) != nil {
		return Progress{}, false
	}
	completed, ok1 := flag(wire.IsCompleted)
	faulted, ok2 := flag(wire.IsFaulted)
	canceled, ok3 := flag(wire.IsCanceled)
	return Progress{
		Completed: completed, Faulted: faulted, Canceled: canceled,
		Message: scalar(wire.ProgressMessage), Value: scalar(wire.ProgressValue),
	}, ok1 || ok2 || ok3
}

func flag(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case float64:
		return v != 0, true
	case string:
		b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
		return b, err == nil
	}
	return false, false
}

// scalar is a string's content, a number as written, or nothing.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

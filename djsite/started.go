package djsite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// started is a Connector whose connections begin with statements, as in Django:
// OPTIONS["init_command"], then what the backend sets itself.
type started struct {
	driver.Connector
	statements []string
}

// Connect implements [driver.Connector].
func (s *started) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, text := range s.statements {
		if err := execute(ctx, conn, text); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

func execute(ctx context.Context, conn driver.Conn, text string) error {
	c, ok := conn.(driver.ExecerContext)
	if !ok {
		return fmt.Errorf("%T is no driver.ExecerContext", conn)
	}
	_, err := c.ExecContext(ctx, text, nil)
	return err
}

// splitStatements splits the text at semicolons outside of quotes.
func splitStatements(text string) []string {
	var all []string
	var quote byte
	from := 0
	add := func(to int) {
		if s := strings.TrimSpace(text[from:to]); s != "" {
			all = append(all, s)
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '\'', c == '"', c == '`':
			quote = c
		case c == ';':
			add(i)
			from = i + 1
		}
	}
	add(len(text))
	return all
}

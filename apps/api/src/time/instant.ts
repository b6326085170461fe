export { type DateTime, formatInstant, parseDateTime, parseInstant } from '@carillon/domain';

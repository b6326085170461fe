export { STREAM_BODY, TEXT_BODY } from './body-parsers.js';
export { configureHttp, newHttpAdapter } from './configure-http.js';
export { FreeForm } from './free-form.js';
export { MAX_BODY_BYTES, MAX_JSON_DEPTH } from './limits.js';
export { PROBLEM_MEDIA_TYPE, problemType, toCarillonError, toProblem } from './problem.js';
export type { ProblemDocument } from './problem.js';
export { ProblemFilter, sendProblem } from './problem.filter.js';
export { escapePointer } from './validation-faults.js';
export { invalidRequest, RequestValidationPipe } from './validation.pipe.js';

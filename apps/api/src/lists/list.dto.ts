import { ApiProperty } from '@nestjs/swagger';
import { IsName } from '../http/rules.js';

export class ListParams {
  @ApiProperty({ example: 'invited' })
  @IsName()
  name!: string;
}

export class ListView {
  @ApiProperty({ example: 'invited' })
  name!: string;

  @ApiProperty({ description: 'devices that it names' })
  devices!: number;

  @ApiProperty({ description: 'users whom it names' })
  users!: number;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class RejectedRow {
  @ApiProperty({ description: 'the line on which the row begins, from 1', example: 17 })
  line!: number;

  @ApiProperty({ example: 'there is no device phone-9' })
  detail!: string;
}

export class UploadView extends ListView {
  @ApiProperty({ description: 'rows of this upload that were taken' })
  taken!: number;

  @ApiProperty({ description: 'rows of this upload that were not' })
  refused!: number;

  @ApiProperty({ type: [RejectedRow], description: 'why, in the order of the lines; up to a thousand' })
  rejected!: RejectedRow[];
}

export class ListsView {
  @ApiProperty({ type: [ListView], description: 'in the order of their names' })
  lists!: ListView[];
}
